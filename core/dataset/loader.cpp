#include "core/dataset/loader.h"

#include "core/dataset/batch_memory.h"
#include "core/dataset/shuffle.h"
#include "core/io/float_values.h"
#include "core/runtime/error.h"
#include "core/runtime/prefetch.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace nanodit {

namespace {

std::span<float> floatsIn(const at::Tensor& tensor)
{
    return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// The memory of one sample in a batch tensor.
std::span<float> rowOf(const at::Tensor& batch, std::int64_t row)
{
    const auto length = static_cast<std::size_t>(batch.numel() / batch.size(0));
    return floatsIn(batch).subspan(static_cast<std::size_t>(row) * length, length);
}

std::vector<std::int64_t> withBatch(std::size_t batch, std::vector<std::int64_t> shape)
{
    shape.insert(shape.begin(), static_cast<std::int64_t>(batch));
    return shape;
}

} // namespace

struct Loader::State {
    std::shared_ptr<const ShardSet> set;
    LoaderOptions options;
    DinoStatistics statistics;
    BatchOrder order;
    std::int64_t firstBatch = 0;

    std::mutex mutex;             ///< Of what the threads have found out:
    std::vector<Corrupt> corrupt; ///< In the order in which they were found.
    std::set<std::int64_t> knownCorrupt;
    std::set<std::string> reasons; ///< Of `corrupt`.
    ChannelScale clsScale, patchScale;
    std::vector<float> clsDivisor, patchDivisor;
    BatchMemory memory;
    std::optional<Prefetch<Batch>> batches; ///< By count of this rank's batches. Last: its threads use all the rest.

    Batch make(std::int64_t count);
    std::optional<Batch> makeOf(const BatchOrder::Drawn& drawn);
    std::optional<std::pair<std::int64_t, ShardSample>> readOrReplace(const std::vector<std::int64_t>& bucket,
                                                                      std::size_t place, const ShardSample* like,
                                                                      const std::set<std::int64_t>& unusable);
    std::optional<std::size_t> fill(Batch& batch, const std::vector<ShardSample>& samples);
    void note(std::int64_t index, const std::string& reason);
};

/// A bucket of which nothing can be read leaves its batches to those that follow.
Batch Loader::State::make(std::int64_t count)
{
    const auto number = firstBatch + count * options.ranks + options.rank;
    for (std::int64_t tried = 0; tried < order.batchesPerEpoch(); ++tried) {
        auto batch = makeOf(order.batch(number + tried));
        if (!batch)
            continue;
        batch->position = (firstBatch + (count + 1) * options.ranks) * options.batchSize;
        batch->epoch = number / order.batchesPerEpoch();
        return std::move(*batch);
    }
    const std::lock_guard lock(mutex);
    throw DataError("no sample of " + set->folder().string() + " can be read (" + corrupt.front().reason +
                    "); pack the shards again");
}

/// Empty when the bucket has no sample that can be used.
std::optional<Batch> Loader::State::makeOf(const BatchOrder::Drawn& drawn)
{
    std::set<std::int64_t> unusable; // Found out by their numbers, after their shapes had passed.
    for (;;) {
        std::vector<ShardSample> samples;
        std::vector<std::int64_t> indices;
        for (std::int64_t i = 0; i < options.batchSize; ++i) {
            const auto place = static_cast<std::size_t>(drawn.first + i);
            auto read = readOrReplace(*drawn.bucket, place, samples.empty() ? nullptr : &samples.front(), unusable);
            if (!read)
                return std::nullopt;
            indices.push_back(read->first);
            samples.push_back(std::move(read->second));
        }
        Batch batch;
        const auto bad = fill(batch, samples);
        if (!bad)
            return batch;
        unusable.insert(indices[*bad]);
        note(indices[*bad], "the sample " + samples[*bad].id + " in " + set->folder().string() +
                                " contains infinite values or NaN; pack the shards again");
    }
}

/// The sample at a place of its bucket's order (which goes round), or the next one that can be read and has the same
/// shapes as `like`. What comes out does not depend on what other threads have found out so far.
std::optional<std::pair<std::int64_t, ShardSample>>
Loader::State::readOrReplace(const std::vector<std::int64_t>& bucket, std::size_t place, const ShardSample* like,
                             const std::set<std::int64_t>& unusable)
{
    for (std::size_t tried = 0; tried < bucket.size(); ++tried) {
        const auto index = bucket[(place + tried) % bucket.size()];
        if (unusable.contains(index))
            continue;
        const auto& entry = set->entries()[static_cast<std::size_t>(index)];
        try {
            auto sample = set->read(index, ShardSet::Check::Shapes);
            if (like != nullptr &&
                (sample.patches.shape != like->patches.shape || sample.latent.shape != like->latent.shape))
                throw DataError(entry.id + " has other shapes than the rest of its bucket " + bucketName(entry.bucket));
            return std::pair(index, std::move(sample));
        } catch (const DataError& error) {
            note(index, error.what());
        }
    }
    return std::nullopt;
}

void Loader::State::note(std::int64_t index, const std::string& reason)
{
    const std::lock_guard lock(mutex);
    if (knownCorrupt.insert(index).second && reasons.insert(reason).second)
        corrupt.push_back({.id = set->entries()[static_cast<std::size_t>(index)].id, .reason = reason});
}

/// The one copy of each array, from the mapped shard into the batch: converted, scaled and checked as it passes. Gives
/// the sample that holds something else than numbers, if one does.
std::optional<std::size_t> Loader::State::fill(Batch& batch, const std::vector<ShardSample>& samples)
{
    const auto& first = samples.front();
    const auto count = samples.size();
    batch.bucket = first.bucket;
    batch.patchGrid = first.patchGrid;
    std::int64_t longest = 1;
    for (const auto& sample : samples)
        longest = std::max(longest, sample.text.shape[0]);
    batch.latent = memory.floats(withBatch(count, first.latent.shape));
    batch.cls = memory.floats(withBatch(count, first.cls.shape));
    batch.patches = memory.floats(withBatch(count, first.patches.shape));
    batch.text = memory.floats(withBatch(count, {longest, first.text.shape[1]}));
    batch.textMask = at::zeros({static_cast<std::int64_t>(count), longest}, at::TensorOptions().dtype(at::kBool));
    const bool masked = std::ranges::any_of(samples, [](const auto& sample) { return !sample.lossMask.shape.empty(); });
    if (masked)
        batch.lossMask = memory.floats(withBatch(count, {1, first.latent.shape[1], first.latent.shape[2]})).fill_(1);
    const bool scaled = !statistics.empty();
    for (std::size_t i = 0; i < count; ++i) {
        const auto& sample = samples[i];
        const auto row = static_cast<std::int64_t>(i);
        const auto text = rowOf(batch.text, row);
        const auto valid = static_cast<std::size_t>(sample.text.elements());
        const bool finite =
            copyFiniteFloats(sample.latent, rowOf(batch.latent, row)) &&
            copyFiniteFloats(sample.cls, rowOf(batch.cls, row), scaled ? &clsScale : nullptr) &&
            copyFiniteFloats(sample.patches, rowOf(batch.patches, row), scaled ? &patchScale : nullptr) &&
            copyFiniteFloats(sample.text, text.first(valid)) &&
            (sample.lossMask.shape.empty() || copyFiniteFloats(sample.lossMask, rowOf(batch.lossMask, row)));
        if (!finite)
            return i;
        std::ranges::fill(text.subspan(valid), 0.f);
        std::fill_n(batch.textMask.data_ptr<bool>() + row * longest, sample.text.shape[0], true);
        batch.ids.push_back(sample.id);
        const auto caption = sample.info.find("caption");
        batch.captions.push_back(caption != sample.info.end() && caption->is_string() ? caption->get<std::string>()
                                                                                      : "");
    }
    return std::nullopt;
}

Loader::Loader(std::shared_ptr<const ShardSet> set, LoaderOptions options)
    : state_(std::make_unique<State>())
{
    auto& state = *state_;
    if (options.batchSize < 1 || options.ranks < 1 || options.rank < 0 || options.rank >= options.ranks ||
        options.position < 0)
        throw UsageError("a loader needs a batch size of 1 or more and a rank below the number of ranks");
    state.set = std::move(set);
    if (options.normaliseDino) {
        state.statistics = options.statistics.value_or(state.set->dinoStatistics());
        if (state.statistics.empty())
            throw DataError(state.set->folder().string() + " has no DINO statistics, which normalise_dino needs",
                            remedy::PackShards{.replace = true});
        if (state.statistics.cls.width() != state.set->dinoWidth() ||
            state.statistics.patches.width() != state.set->dinoWidth())
            throw DataError(state.set->folder().string() + " has DINO arrays of " +
                            std::to_string(state.set->dinoWidth()) + " channels, but the statistics are of " +
                            std::to_string(state.statistics.cls.width()) + "; they come from another encoder");
    }
    state.clsDivisor = state.statistics.cls.divisors();
    state.patchDivisor = state.statistics.patches.divisors();
    state.clsScale = {.shift = state.statistics.cls.mean, .divisor = state.clsDivisor};
    state.patchScale = {.shift = state.statistics.patches.mean, .divisor = state.patchDivisor};
    state.options = std::move(options);
    state.memory = BatchMemory(state.options.pinned);
    std::vector<ImageSize> buckets;
    for (const auto& entry : state.set->entries())
        buckets.push_back(entry.bucket);
    state.order = BatchOrder(buckets, state.options.batchSize, state.options.seed, state.options.shuffle);
    state.firstBatch = state.options.position / state.options.batchSize;
    state.batches.emplace(
        std::numeric_limits<std::size_t>::max(),
        [&state](std::size_t count) { return state.make(static_cast<std::int64_t>(count)); },
        static_cast<std::size_t>(std::max<std::int64_t>(1, state.options.threads)),
        static_cast<std::size_t>(std::max<std::int64_t>(1, state.options.prefetch)));
}

Loader::~Loader() = default;

Batch Loader::next()
{
    return state_->batches->take();
}

std::optional<Batch> Loader::nextUnless(const std::function<bool()>& stop)
{
    return state_->batches->takeUnless(stop);
}

std::vector<Loader::Corrupt> Loader::corrupt(std::size_t from) const
{
    const std::lock_guard lock(state_->mutex);
    const auto& all = state_->corrupt;
    return {all.begin() + static_cast<std::ptrdiff_t>(std::min(from, all.size())), all.end()};
}

std::size_t Loader::corruptCount() const
{
    const std::lock_guard lock(state_->mutex);
    return state_->knownCorrupt.size();
}

std::int64_t Loader::batchesPerEpoch() const
{
    return state_->order.batchesPerEpoch();
}

const ShardSet& Loader::set() const
{
    return *state_->set;
}

} // namespace nanodit
