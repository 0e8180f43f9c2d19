#pragma once

#include "core/dataset/shard.h"
#include "core/dataset/shard_set.h"

#include <map>

namespace nanodit {

/// What a shard set knows of all its samples.
struct KnownOfSamples {
    std::int64_t dinoWidth = 0, textWidth = 0, latentChannels = 0; ///< 0: not yet.
    std::map<std::string, GridSize> grids;                         ///< By bucket name; empty for a set made elsewhere.
    bool haveInfo = false; ///< Each has a JSON object; sets made elsewhere need not.
};

/// Checks and reads the sample at a position of a shard, as ShardSet::read() says.
ShardSample readSample(Shard& shard, std::size_t position, const KnownOfSamples& known, ShardSet::Check check);
/// Its CLS alone, as ShardSet::readCls() says.
Array readSampleCls(Shard& shard, std::size_t position, const KnownOfSamples& known);

} // namespace nanodit
