#include "core/dataset/loader.h"

#include "core/dataset/shuffle.h"
#include "core/io/float_values.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <utility>
#include <variant>

namespace nanodit {

namespace {

std::span<float> numbersOf(const at::Tensor& tensor)
{
    return {tensor.data_ptr<float>(), static_cast<std::size_t>(tensor.numel())};
}

/// The memory of one sample in a batch tensor.
std::span<float> rowOf(const at::Tensor& batch, std::int64_t row)
{
    const auto length = static_cast<std::size_t>(batch.numel() / batch.size(0));
    return numbersOf(batch).subspan(static_cast<std::size_t>(row) * length, length);
}

at::Tensor zeros(std::vector<std::int64_t> shape)
{
    return at::zeros(shape, at::TensorOptions().dtype(at::kFloat));
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

    std::mutex mutex;
    std::condition_variable changed;
    std::map<std::int64_t, std::variant<Batch, std::exception_ptr>> ready; ///< By count of this rank's batches.
    std::int64_t nextToMake = 0, nextToTake = 0;
    bool stop = false;
    std::map<std::string, std::string> corrupt;
    std::vector<std::thread> threads;

    void work();
    Batch make(std::int64_t count);
    ShardSample readOrReplace(const std::vector<std::int64_t>& bucket, std::size_t place, const ShardSample* like);
    void fill(Batch& batch, const std::vector<ShardSample>& samples) const;
};

void Loader::State::work()
{
    std::unique_lock lock(mutex);
    for (;;) {
        changed.wait(lock, [this] { return stop || nextToMake < nextToTake + options.prefetch; });
        if (stop)
            return;
        const auto count = nextToMake++;
        lock.unlock();
        std::variant<Batch, std::exception_ptr> made;
        try {
            made = make(count);
        } catch (...) {
            made = std::current_exception();
        }
        lock.lock();
        ready.emplace(count, std::move(made));
        changed.notify_all();
    }
}

Batch Loader::State::make(std::int64_t count)
{
    const auto number = firstBatch + count * options.ranks + options.rank;
    const auto drawn = order.batch(number);
    std::vector<ShardSample> samples;
    for (std::int64_t i = 0; i < options.batchSize; ++i) {
        const auto place = static_cast<std::size_t>(drawn.first + i);
        samples.push_back(readOrReplace(*drawn.bucket, place, samples.empty() ? nullptr : &samples.front()));
    }
    Batch batch;
    batch.position = (firstBatch + (count + 1) * options.ranks) * options.batchSize;
    batch.epoch = number / order.batchesPerEpoch();
    fill(batch, samples);
    return batch;
}

/// The sample at a place of its bucket's order (which goes round), or the next one that can be read and has the same
/// shapes as `like`. What comes out does not depend on what other threads have found out so far.
ShardSample Loader::State::readOrReplace(const std::vector<std::int64_t>& bucket, std::size_t place,
                                         const ShardSample* like)
{
    for (std::size_t tried = 0; tried < bucket.size(); ++tried) {
        const auto index = bucket[(place + tried) % bucket.size()];
        const auto& entry = set->entries()[static_cast<std::size_t>(index)];
        try {
            auto sample = set->read(index);
            if (like != nullptr &&
                (sample.patches.shape != like->patches.shape || sample.latent.shape != like->latent.shape))
                throw DataError(entry.id + " has other shapes than the rest of its bucket " + bucketName(entry.bucket));
            return sample;
        } catch (const DataError& error) {
            const std::lock_guard lock(mutex);
            corrupt.emplace(entry.id, error.what());
        }
    }
    const auto& entry = set->entries()[static_cast<std::size_t>(bucket.front())];
    throw DataError("no sample of the bucket " + bucketName(entry.bucket) + " in " + set->folder().string() +
                    " can be read; pack the shards again");
}

void Loader::State::fill(Batch& batch, const std::vector<ShardSample>& samples) const
{
    const auto& first = samples.front();
    const auto count = samples.size();
    batch.bucket = first.bucket;
    batch.patchGrid = first.patchGrid;
    std::int64_t longest = 1;
    for (const auto& sample : samples)
        longest = std::max(longest, sample.text.shape[0]);
    batch.latent = zeros(withBatch(count, first.latent.shape));
    batch.cls = zeros(withBatch(count, first.cls.shape));
    batch.patches = zeros(withBatch(count, first.patches.shape));
    batch.text = zeros(withBatch(count, {longest, first.text.shape[1]}));
    batch.textMask = at::zeros({static_cast<std::int64_t>(count), longest}, at::TensorOptions().dtype(at::kBool));
    for (std::size_t i = 0; i < count; ++i) {
        const auto& sample = samples[i];
        const auto row = static_cast<std::int64_t>(i);
        copyFloats(sample.latent, rowOf(batch.latent, row));
        copyFloats(sample.cls, rowOf(batch.cls, row));
        copyFloats(sample.patches, rowOf(batch.patches, row));
        copyFloats(sample.text, rowOf(batch.text, row));
        std::fill_n(batch.textMask.data_ptr<bool>() + row * longest, sample.text.shape[0], true);
        batch.ids.push_back(sample.id);
        const auto caption = sample.info.find("caption");
        batch.captions.push_back(caption != sample.info.end() && caption->is_string() ? caption->get<std::string>()
                                                                                      : "");
    }
    if (!statistics.empty()) {
        statistics.cls.normaliseRows(numbersOf(batch.cls));
        statistics.patches.normaliseRows(numbersOf(batch.patches));
    }
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
            throw DataError(state.set->folder().string() + " has no DINO statistics to normalise by; pack it with "
                                                           "`nanodit shard`, or set normalise_dino to false");
        if (state.statistics.cls.width() != state.set->dinoWidth() ||
            state.statistics.patches.width() != state.set->dinoWidth())
            throw DataError(state.set->folder().string() + " has DINO arrays of " +
                            std::to_string(state.set->dinoWidth()) + " channels, but the statistics are of " +
                            std::to_string(state.statistics.cls.width()) + "; they come from another encoder");
    }
    state.options = std::move(options);
    std::vector<ImageSize> buckets;
    for (const auto& entry : state.set->entries())
        buckets.push_back(entry.bucket);
    state.order = BatchOrder(buckets, state.options.batchSize, state.options.seed, state.options.shuffle);
    state.firstBatch = state.options.position / state.options.batchSize;
    for (std::int64_t i = 0; i < std::max<std::int64_t>(1, state.options.threads); ++i)
        state.threads.emplace_back([&state] { state.work(); });
}

Loader::~Loader()
{
    {
        const std::lock_guard lock(state_->mutex);
        state_->stop = true;
    }
    state_->changed.notify_all();
    for (auto& thread : state_->threads)
        thread.join();
}

Batch Loader::next()
{
    auto& state = *state_;
    std::unique_lock lock(state.mutex);
    state.changed.wait(lock, [&] { return state.ready.contains(state.nextToTake); });
    auto made = std::move(state.ready.extract(state.nextToTake).mapped());
    ++state.nextToTake;
    lock.unlock();
    state.changed.notify_all();
    if (const auto* const failure = std::get_if<std::exception_ptr>(&made))
        std::rethrow_exception(*failure);
    return std::get<Batch>(std::move(made));
}

std::vector<Loader::Corrupt> Loader::corrupt() const
{
    const std::lock_guard lock(state_->mutex);
    std::vector<Corrupt> found;
    for (const auto& [id, reason] : state_->corrupt)
        found.push_back({.id = id, .reason = reason});
    return found;
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
