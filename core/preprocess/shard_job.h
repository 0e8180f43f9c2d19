#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/rank_share.h"
#include "core/dataset/reject.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

struct ShardRequest {
    Workspace workspace;
    std::int64_t shardSize = 1000; ///< Samples a tar.
    bool overwrite = false;
    RankShare share = {}; ///< Of several processes, each packs its own part of the sets; mergeRanks puts them together.
    std::function<void(const struct ShardReport&)> finished = [](const auto&) {};
};
struct ShardSetReport {
    std::string set; ///< "train", "val"
    std::int64_t samples = 0, shards = 0;
    std::int64_t masked = 0; ///< Samples with a loss mask.
    std::int64_t skippedIncomplete = 0, skippedMisaligned = 0, skippedStale = 0, skippedNonfinite = 0;
    std::vector<Reject> skipped;
};
struct ShardReport {
    std::vector<ShardSetReport> sets;
};
/// Packs one set per split.
std::unique_ptr<Job> makeShardJob(ShardRequest request);

} // namespace nanodit
