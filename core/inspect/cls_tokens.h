#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/record_info.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// The stored CLS tokens of a set.
struct ClsTokens {
    std::int64_t width = 0;           ///< D
    std::vector<float> values;        ///< [N, D]
    std::vector<std::size_t> records; ///< [N] Places in the records that were asked for, ascending.
};

/// Which tokens count.
enum class ClsUse { WholeOnly, AlsoStale };

/// Those that can be read, of one width: others are left out. Empty when stopped.
std::optional<ClsTokens> readClsTokens(const Workspace& workspace, std::span<const RecordInfo> records, ClsUse use,
                                       const JobContext& context);

/// Other when readClsTokens would read others: of the ids, and of size and time of each file. 64 hexadecimal digits.
std::string stateOfClsTokens(const Workspace& workspace, std::span<const RecordInfo> records, ClsUse use);

} // namespace nanodit
