#pragma once

#include "core/geometry/bucket.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

namespace nanodit {

/// What an epoch does with the samples of a bucket: every one is seen, and some again to fill the last batch.
struct BucketLedger {
    ImageSize bucket;
    std::int64_t samples = 0, batches = 0;
    std::int64_t seenTwice = 0; ///< Draws beyond the first of each sample; other samples every epoch.
    bool fillsABatch = true;    ///< Otherwise one batch holds the same sample more than once.
};
/// By bucket. `buckets`: that of each sample.
std::vector<BucketLedger> epochLedger(std::span<const ImageSize> buckets, std::int64_t batchSize);

/// In which order samples are drawn: an endless sequence of batches, each of one bucket, every epoch holding each
/// sample once. A function of (seed, epoch) and of the buckets alone, the same on every machine. Any thread.
class BatchOrder {
public:
    BatchOrder() = default;
    /// `buckets`: the bucket of each sample.
    BatchOrder(std::span<const ImageSize> buckets, std::int64_t batchSize, std::uint64_t seed, bool shuffle);

    /// A batch: the places first, first + 1... of its bucket's order for this epoch, which goes round at its end.
    struct Drawn {
        std::shared_ptr<const std::vector<std::int64_t>> bucket; ///< Sample indices.
        std::int64_t first = 0;
    };
    Drawn batch(std::int64_t number) const;
    std::int64_t batchesPerEpoch() const { return batchesPerEpoch_; }

private:
    struct Epoch;
    std::shared_ptr<const Epoch> epoch(std::int64_t number) const;

    std::vector<std::vector<std::int64_t>> buckets_; ///< Sample indices by bucket, in order of size, then of index.
    std::int64_t batchSize_ = 1;
    std::uint64_t seed_ = 0;
    bool shuffle_ = true;
    std::int64_t batchesPerEpoch_ = 0;

    struct Cache {
        std::mutex mutex;
        std::int64_t number = -1;
        std::shared_ptr<const Epoch> epoch;
    };
    std::shared_ptr<Cache> cache_ = std::make_shared<Cache>(); ///< The epoch asked for last.
};

} // namespace nanodit
