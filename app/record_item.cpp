#include "app/record_item.h"

#include <algorithm>

namespace nanodit {

MarkState markOf(ArrayState state)
{
    switch (state) {
    case ArrayState::Whole:
        return MarkState::Whole;
    case ArrayState::Stale:
        return MarkState::Stale;
    case ArrayState::Wrong:
        return MarkState::Wrong;
    case ArrayState::Missing:
        break;
    }
    return MarkState::Missing;
}

ThumbnailItem itemOf(const RecordInfo& record)
{
    ThumbnailItem item{.id = QString::fromStdString(record.id),
                       .caption = QString::fromStdString(record.caption),
                       .badge = QString::fromStdString(bucketName(record.bucket)),
                       .problem = QString::fromStdString(record.problem),
                       .excluded = !record.excluded.empty(),
                       .marks = {}};
    std::transform(record.arrays.begin(), record.arrays.end(), item.marks.begin(), markOf);
    return item;
}

} // namespace nanodit
