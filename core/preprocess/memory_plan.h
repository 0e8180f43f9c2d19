#pragma once

#include "core/dataset/pass.h"
#include "core/geometry/bucket.h"
#include "core/preprocess/pass_encoders.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace nanodit {

/// How a pass shares out the memory that it may use: what is being encoded, what is read ahead of it, what is being
/// written behind it. The size of a batch depends on nothing but its bucket, the budget and the encoder, so that a
/// rerun with the same settings cuts the same batches.
struct MemoryPlan {
    std::int64_t budget = 0;                     ///< Bytes.
    std::map<std::string, std::int64_t> batches; ///< Most records that are encoded as one, by bucket; of t5 under "".
    std::int64_t reading = 0;                    ///< Bytes for pictures that are being read, or wait for the encoder.
    std::size_t batchesWaiting = 0;              ///< For the one before them to be written.

    std::int64_t most(const std::string& bucket) const { return batches.at(bucket); }
};

/// `megabytes`: what the pass may use at once; 0: half of the memory that the process may have (the machine's, or its
/// control group's), or as much as one record needs where that is more. `buckets`: the workspace's table, or "" alone
/// for t5. Throws DataError when one record needs more than is allowed.
MemoryPlan planMemory(Pass pass, const std::vector<std::string>& buckets, const PassEncoders& encoders,
                      std::int64_t megabytes);

/// What reading a picture of this size takes for a moment, beside its bucket image: the decoder's copy and our own.
std::int64_t decodingBytes(ImageSize original);
/// Of a bucket image.
std::int64_t imageBytes(ImageSize size);

} // namespace nanodit
