#include "core/dataset/shuffle.h"

#include "core/runtime/split_mix.h"

#include <map>
#include <utility>

namespace nanodit {

namespace {

/// Uniform in [0, bound), without bias.
std::uint64_t drawBelow(std::uint64_t bound, SplitMix64& random)
{
    const auto unfair = (0 - bound) % bound; // 2^64 modulo bound
    for (;;)
        if (const auto drawn = random.next(); drawn >= unfair)
            return drawn % bound;
}

/// Fisher and Yates.
template<typename Element>
void shuffleInPlace(std::vector<Element>& elements, SplitMix64& random)
{
    for (auto left = elements.size(); left > 1; --left)
        std::swap(elements[left - 1], elements[drawBelow(left, random)]);
}

} // namespace

std::vector<BucketLedger> epochLedger(std::span<const ImageSize> buckets, std::int64_t batchSize)
{
    std::map<ImageSize, std::int64_t> counts;
    for (const auto& bucket : buckets)
        ++counts[bucket];
    std::vector<BucketLedger> ledger;
    for (const auto& [bucket, samples] : counts) {
        const auto batches = (samples + batchSize - 1) / batchSize;
        ledger.push_back({.bucket = bucket,
                          .samples = samples,
                          .batches = batches,
                          .seenTwice = batches * batchSize - samples,
                          .fillsABatch = samples >= batchSize});
    }
    return ledger;
}

struct BatchOrder::Epoch {
    std::vector<std::shared_ptr<const std::vector<std::int64_t>>> buckets;
    std::vector<std::pair<std::uint32_t, std::int64_t>> batches; ///< Bucket, first place.
};

BatchOrder::BatchOrder(std::span<const ImageSize> buckets, std::int64_t batchSize, std::uint64_t seed, bool shuffle)
    : batchSize_(batchSize)
    , seed_(seed)
    , shuffle_(shuffle)
{
    std::map<ImageSize, std::vector<std::int64_t>> byBucket;
    for (std::size_t i = 0; i < buckets.size(); ++i)
        byBucket[buckets[i]].push_back(static_cast<std::int64_t>(i));
    for (auto& [bucket, samples] : byBucket) {
        batchesPerEpoch_ += (static_cast<std::int64_t>(samples.size()) + batchSize - 1) / batchSize;
        buckets_.push_back(std::move(samples));
    }
}

std::shared_ptr<const BatchOrder::Epoch> BatchOrder::epoch(std::int64_t number) const
{
    const std::lock_guard lock(cache_->mutex);
    if (cache_->number == number)
        return cache_->epoch;
    SplitMix64 random(SplitMix64(seed_).next() ^ (static_cast<std::uint64_t>(number) * 0xd1342543de82ef95));
    const auto made = std::make_shared<Epoch>();
    for (std::uint32_t i = 0; i < buckets_.size(); ++i) {
        auto samples = buckets_[i];
        if (shuffle_)
            shuffleInPlace(samples, random);
        const auto count = static_cast<std::int64_t>(samples.size());
        made->buckets.push_back(std::make_shared<const std::vector<std::int64_t>>(std::move(samples)));
        for (std::int64_t first = 0; first < count; first += batchSize_)
            made->batches.emplace_back(i, first);
    }
    if (shuffle_)
        shuffleInPlace(made->batches, random);
    cache_->number = number;
    cache_->epoch = made;
    return made;
}

BatchOrder::Drawn BatchOrder::batch(std::int64_t number) const
{
    const auto current = epoch(number / batchesPerEpoch_);
    const auto& [bucket, first] = current->batches[static_cast<std::size_t>(number % batchesPerEpoch_)];
    return {.bucket = current->buckets[bucket], .first = first};
}

} // namespace nanodit
