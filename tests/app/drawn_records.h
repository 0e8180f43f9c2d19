#pragma once

#include "app/session.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace nanodit::test {

/// Records as a catalog would give them, without pictures or files: ids in order, captions, two buckets, two splits,
/// some with a stale t5, some excluded, some with a tag.
inline RecordsValue drawnRecords(int count)
{
    auto records = std::make_shared<std::vector<RecordInfo>>();
    records->reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) {
        RecordInfo record;
        const auto number = std::to_string(i);
        record.id = "record-" + std::string(7 - std::min<std::size_t>(7, number.size()), '0') + number;
        record.image = "/pictures/" + record.id + ".jpg";
        record.caption = "a picture of thing " + std::to_string(i % 97) + " beside thing " + std::to_string(i % 31) +
                         " in the light of the evening";
        record.split = i % 20 == 3 ? "val" : "train";
        record.bucket = i % 3 == 0 ? ImageSize{1024, 1024} : ImageSize{1216, 832};
        record.original = {.width = 1600 + i % 7 * 100, .height = 1200};
        record.arrays.fill(ArrayState::Whole);
        if (i % 10 == 0) {
            record.arrays[0] = ArrayState::Stale;
            record.changes[0] = {{ArrayInput::Caption, {}, {}}};
        }
        if (i % 50 == 7)
            record.excluded = "near duplicate: of record-0000001";
        if (i % 25 == 0)
            record.tags = {"night"};
        records->push_back(std::move(record));
    }
    return records;
}

} // namespace nanodit::test
