#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/rank_share.h"

#include <filesystem>
#include <optional>
#include <vector>

namespace nanodit {

// Ranks that pack shards write sets of their own below data/shards/.ranks; once all of them have ended, their shards
// become one set a split, in the order of the ranks.

/// Where a rank writes its sets. What it packed before, in a world of whatever size, is removed.
std::filesystem::path beginRankShards(const Workspace& workspace, const RankShare& share);
/// All sets of the rank are whole. `overwrite`: they may take the place of sets that there are.
void endRankShards(const Workspace& workspace, const RankShare& share, bool overwrite);

/// Puts the shards of ranks together; nothing is copied where the file system has hard links. Each set appears whole or
/// not at all. Empty when not all ranks of a world have ended, or none has packed. Throws StoreError when a set is in
/// the way, DataError when ranks packed with different encoders.
std::optional<std::vector<RanksMerged::Set>> mergeRankShards(const Workspace& workspace);

} // namespace nanodit
