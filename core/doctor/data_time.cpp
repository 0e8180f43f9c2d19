#include "core/doctor/data_time.h"

#include "core/dataset/loader.h"
#include "core/dataset/shard_writer.h"
#include "core/io/scratch_folder.h"
#include "core/io/tensor.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/machine.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <filesystem>

namespace nanodit {

namespace {

namespace fs = std::filesystem;

std::vector<ShardSample> randomSamples(const StepTimeRequest& shape, std::int64_t setBytes)
{
    const auto& model = shape.config.model;
    const auto grid = dinoGrid(shape.picture, shape.dinoPatch);
    const auto half = [](at::IntArrayRef sizes) { return arrayFromTensor(at::randn(sizes).to(at::kHalf)); };
    std::vector<ShardSample> samples;
    std::int64_t bytes = 0;
    while (bytes < setBytes || static_cast<std::int64_t>(samples.size()) < shape.config.data.batchSize) {
        samples.push_back({.id = "sample-" + std::to_string(samples.size()),
                           .bucket = shape.picture,
                           .patchGrid = grid,
                           .info = {{"caption", "random numbers"}, {"split", "train"}},
                           .cls = half({model.dinoDim}),
                           .patches = half({grid.count(), model.dinoDim}),
                           .latent = half({model.latentChannels, shape.picture.height / shape.latentPixel,
                                           shape.picture.width / shape.latentPixel}),
                           .text = half({shape.textTokens, model.textDim})});
        const auto& sample = samples.back();
        for (const auto* const array : {&sample.cls, &sample.patches, &sample.latent, &sample.text})
            bytes += array->elements() * bytesPerElement(array->dtype);
    }
    return samples;
}

template<typename Work>
double secondsOf(Work&& work)
{
    const auto start = std::chrono::steady_clock::now();
    work();
    return secondsSince(start);
}

JobEnd timeData(const DataTimeRequest& request, const JobContext& context)
{
    const auto shape = asTimed(request.shape);
    requireMultiplesOf(shape.tokenPixels(), shape.picture);
    const ScratchFolder folder("nanodit-bench");
    const auto samples = randomSamples(shape, request.setBytes);
    forgetPeakMemory();
    const auto count = static_cast<std::int64_t>(samples.size());
    DataTimes times{.where = folder.path().string(), .packing = {}, .loading = {}};
    times.packing.what = "packing";
    times.loading.what = "loading";
    times.packing.samples = times.loading.samples = count;
    ProgressMeter meter(context, Stage::PackingShards, 2 * (shape.steps + 1), Unit::Steps);
    for (std::int64_t i = 0; i <= shape.steps; ++i) {
        if (context.shouldStop())
            return JobEnd::Cancelled;
        const auto seconds = secondsOf([&] {
            ShardSetWriter writer(folder.path(), "random", {.overwrite = true});
            for (const auto& sample : samples)
                writer.add(sample);
            times.packing.bytes = times.loading.bytes = writer.finish().bytes;
        });
        if (i > 0)
            times.packing.seconds.push_back(seconds);
        meter.advance();
    }

    const auto& data = shape.config.data;
    Loader loader(ShardSet::open(folder.path() / "random"),
                  {.batchSize = data.batchSize, .normaliseDino = data.normaliseDino, .prefetch = data.prefetch});
    for (std::int64_t i = 0; i <= shape.steps; ++i) {
        std::int64_t loaded = 0;
        const auto seconds = secondsOf([&] {
            for (std::int64_t batch = 0; batch < loader.batchesPerEpoch() && !context.shouldStop(); ++batch)
                loaded += static_cast<std::int64_t>(loader.next().ids.size());
        });
        if (context.shouldStop())
            return JobEnd::Cancelled;
        if (i > 0)
            times.loading.seconds.push_back(seconds * static_cast<double>(count) / static_cast<double>(loaded));
        meter.advance();
    }
    times.memory = peakMemory();
    request.finished(times);
    return JobEnd::Finished;
}

} // namespace

double DataTime::best() const
{
    return seconds.empty() ? 0 : *std::min_element(seconds.begin(), seconds.end());
}

std::unique_ptr<Job> makeDataTimeJob(DataTimeRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return timeData(request, context); });
}

} // namespace nanodit
