#include "core/inspect/cls_tokens.h"

#include "core/dataset/record.h"
#include "core/io/float_values.h"
#include "core/io/npy.h"
#include "core/io/sha256.h"
#include "core/preprocess/derived_array.h"
#include "core/runtime/error.h"

namespace nanodit {

namespace {

bool counts(const RecordInfo& record, ClsUse use)
{
    const auto state = record.arrays[static_cast<std::size_t>(ArrayKind::DinoCls)];
    return state == ArrayState::Whole || (state == ArrayState::Stale && use == ClsUse::AlsoStale);
}

/// Empty where it cannot be used.
std::vector<float> tokenOf(const Workspace& workspace, const RecordInfo& record)
{
    try {
        const auto array = readNpy(arrayFile(workspace, ArrayKind::DinoCls, record.id));
        return allFinite(array) ? floatsOf(array) : std::vector<float>();
    } catch (const DataError&) { // verification tells what is wrong with it
        return {};
    }
}

} // namespace

std::optional<ClsTokens> readClsTokens(const Workspace& workspace, std::span<const RecordInfo> records, ClsUse use,
                                       const JobContext& context)
{
    ClsTokens tokens;
    ProgressMeter meter(context, Stage::ReadingArrays, static_cast<std::int64_t>(records.size()), Unit::Records);
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (context.shouldStop())
            return std::nullopt;
        meter.advance();
        if (!counts(records[i], use))
            continue;
        const auto token = tokenOf(workspace, records[i]);
        const auto size = static_cast<std::int64_t>(token.size());
        if (size == 0 || (tokens.width != 0 && size != tokens.width))
            continue;
        tokens.width = size;
        tokens.values.insert(tokens.values.end(), token.begin(), token.end());
        tokens.records.push_back(i);
    }
    return tokens;
}

std::string stateOfClsTokens(const Workspace& workspace, std::span<const RecordInfo> records, ClsUse use)
{
    Sha256 hash;
    for (const auto& record : records) {
        if (!counts(record, use))
            continue;
        const auto stamp = stampOf(arrayFile(workspace, ArrayKind::DinoCls, record.id)).value_or(FileStamp{});
        hash.update(record.id + ' ' + std::to_string(stamp.bytes) + ' ' + std::to_string(stamp.modifiedNanoseconds) +
                    '\n');
    }
    return hash.hex();
}

} // namespace nanodit
