#pragma once

/// Checks packed sets. Free of torch types.

#include "core/config/workspace_config.h"
#include "core/dataset/reject.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

struct ShardSetCheck {
    std::string set;
    std::int64_t samples = 0, shards = 0, bytes = 0;
    std::map<std::string, std::int64_t> certificates; ///< Samples by verdict; "none" for those without a certificate.
    std::vector<Reject> problems;                     ///< Shard or sample, and a sentence.
};

struct ShardCheckRequest {
    Workspace workspace;
    std::function<void(const std::vector<ShardSetCheck>&)> finished = [](const auto&) {};
};

/// Reads every set of the workspace from end to end: the hash of each shard, the entries of each sample (present, of
/// the right shape, finite, of the id and bucket that the manifest has them under), counts and certificates. Writes
/// nothing.
std::unique_ptr<Job> makeShardCheckJob(ShardCheckRequest request);

} // namespace nanodit
