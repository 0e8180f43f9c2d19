#pragma once

#include "core/dataset/batch.h"
#include "core/dataset/shard_set.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

struct LoaderOptions {
    std::int64_t batchSize = 1; ///< B of every batch.
    std::uint64_t seed = 0;     ///< The order is a function of it, of the epoch and of the set alone.
    std::int64_t position = 0;  ///< Samples drawn before, over all ranks: Batch::position of the last batch used.
    bool shuffle = true;        ///< Without: by bucket, in the order of the shards.
    bool normaliseDino = true;  ///< CLS and patches by `statistics`.
    std::optional<DinoStatistics> statistics = {}; ///< The set's own, unless given (a val set takes those of train).
    std::int64_t rank = 0; ///< Of several machines, each draws its own batches of the same order.
    std::int64_t ranks = 1;
    std::int64_t threads = 1;  ///< That read ahead.
    std::int64_t prefetch = 4; ///< Batches read ahead.
    bool pinned = false;       ///< Batches lie in page-locked memory, from which a GPU takes them (sentTo()).
};

/// An endless sequence of batches: every epoch holds each sample once, cut into batches of one bucket in shuffled
/// order. If the batch size does not divide a bucket, its last batch is filled with samples of that bucket drawn again.
/// Batches are read ahead by threads of its own; the same options give the same batches, however many threads.
class Loader {
public:
    /// Throws DataError when the set is empty or lacks the statistics to normalise by.
    Loader(std::shared_ptr<const ShardSet> set, LoaderOptions options);
    ~Loader();

    /// The next batch; blocks until it is read. A sample that cannot be read is replaced by the next one of its bucket,
    /// a bucket without any by the batches that follow; throws DataError only when nothing of the set can be read.
    Batch next();
    /// The same, or nothing when `stop`, which is asked every few hundredths of a second, says so.
    std::optional<Batch> nextUnless(const std::function<bool()>& stop);

    struct Corrupt {
        std::string id;
        std::string reason;
    };
    /// The samples that could not be read so far, in the order in which they were found; of those that share a reason,
    /// as all of a shard that cannot be opened do, the first. Any thread.
    std::vector<Corrupt> corrupt() const { return corrupt(0); }
    /// Those behind the first so many.
    std::vector<Corrupt> corrupt(std::size_t from) const;
    std::size_t corruptCount() const; ///< Of all samples.

    std::int64_t batchesPerEpoch() const;
    const ShardSet& set() const;

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace nanodit
