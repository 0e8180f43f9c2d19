#include "core/doctor/step_time.h"

#include "core/config/yaml.h"
#include "core/doctor/kernel_stopwatch.h"
#include "core/doctor/peak_memory.h"
#include "core/runtime/error.h"
#include "core/runtime/machine.h"
#include "core/runtime/median.h"
#include "core/train/forecast.h"
#include "core/train/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace nanodit {

namespace {

constexpr std::int64_t usualTextWidth = 4096, usualDinoWidth = 1024;
constexpr std::int64_t mostProducts = 5; ///< That are timed beside the steps, however many those are.

Batch randomBatch(const StepTimeRequest& request)
{
    const auto& config = request.config;
    const auto samples = config.data.batchSize;
    const auto grid = dinoGrid(request.picture, request.dinoPatch);
    Batch batch;
    batch.bucket = request.picture;
    batch.patchGrid = grid;
    for (std::int64_t i = 0; i < samples; ++i)
        batch.ids.push_back(std::to_string(i));
    batch.captions.resize(static_cast<std::size_t>(samples));
    batch.latent = at::randn({samples, config.model.latentChannels, request.picture.height / request.latentPixel,
                              request.picture.width / request.latentPixel});
    batch.text = at::randn({samples, request.textTokens, config.model.textDim});
    batch.textMask = at::ones({samples, request.textTokens}, at::kBool);
    batch.cls = at::randn({samples, config.model.dinoDim});
    batch.patches = at::randn({samples, grid.count(), config.model.dinoDim});
    return batch;
}

/// Empty when stopped.
std::optional<StepTimes> timed(const StepTimeRequest& request, const Compute& compute, const JobContext& context,
                               ProgressMeter& meter)
{
    const auto batch = randomBatch(request);
    Trainer trainer(request.config, request.textTokens, compute);
    StepTimes times;
    times.where = compute.text();
    times.onGpu = !compute.device.is_cpu();
    times.parameters = elementCount(trainer.model().parameters());
    times.latentTokens = trainer.model().tokenGrid(batch.latent.size(2), batch.latent.size(3)).count();
    times.contextTokens = request.textTokens + 1 + (request.config.model.useDinoPatches ? batch.patchGrid.count() : 0);
    forgetPeakMemory();
    for (std::int64_t i = 0; i <= request.steps; ++i) {
        const auto start = std::chrono::steady_clock::now();
        if (!trainer.step([&batch] { return batch; }, [&context] { return context.shouldStop(); }))
            return std::nullopt;
        trainer.model().parameters().back().value.flatten()[0].item<float>(); // waits for a device that works beside us
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        if (i == 0)
            times.firstSeconds = taken.count();
        else
            times.seconds.push_back(taken.count());
        meter.advance();
    }
    times.memory = peakMemoryOf(compute);
    return times;
}

double operationsOfStep(const StepTimeRequest& request)
{
    const auto& model = request.config.model;
    return forecastTraining(request.config, {.buckets = {{.size = request.picture, .samples = 1}},
                                             .textTokens = request.textTokens,
                                             .textWidth = model.textDim,
                                             .dinoWidth = model.dinoDim,
                                             .latentChannels = model.latentChannels,
                                             .dinoPatch = request.dinoPatch,
                                             .latentPixel = request.latentPixel})
        .stepFlops;
}

JobEnd timeSteps(const StepTimeRequest& asked, const JobContext& context)
{
    const auto request = asTimed(asked);
    requireMultiplesOf(request.tokenPixels(), request.picture);
    const auto compute = makeCompute(request.device, request.config.arithmetic());
    const auto products = std::min(request.steps, mostProducts);
    ProgressMeter meter(context, Stage::Timing, products + 1 + request.steps + 1, Unit::Steps);
    auto product = KernelStopwatch(compute, products, meter, context).timeProduct();
    auto times = timed(request, compute, context, meter);
    if (!times)
        return JobEnd::Cancelled;
    times->operations = operationsOfStep(request);
    times->product = std::move(product);
    request.finished(*times);
    return JobEnd::Finished;
}

JobEnd estimateStep(const StepTimeRequest& asked, const JobContext& context)
{
    const auto whole = asTimed(asked);
    const auto compute = makeCompute(whole.device, whole.config.arithmetic());
    auto shortened = whole;
    shortened.config.optimiser.accumulation = 1;
    shortened.config.repa.block = shortened.config.model.internalHead = 0; // so few blocks may not have that one
    if (compute.device.is_cpu())
        shortened.config.data.batchSize = 1; // there a batch takes as long as its samples
    ProgressMeter meter(context, Stage::Timing, 2 * (whole.steps + 1), Unit::Steps);
    double seconds[2] = {};
    StepTimes times;
    for (const int blocks : {1, 2}) {
        shortened.config.model.depth = blocks;
        const auto measured = timed(shortened, compute, context, meter);
        if (!measured)
            return JobEnd::Cancelled;
        times = *measured;
        seconds[blocks - 1] = times.median();
    }
    const auto aBlock = std::max(0.0, seconds[1] - seconds[0]);
    const auto microBatch = seconds[0] + static_cast<double>(whole.config.model.depth - 1) * aBlock;
    const auto microBatches =
        whole.config.optimiser.accumulation * whole.config.data.batchSize / shortened.config.data.batchSize;
    times.seconds = {microBatch * static_cast<double>(microBatches)};
    times.memory = 0;
    whole.finished(times);
    return JobEnd::Finished;
}

} // namespace

StepTimeRequest asTimed(StepTimeRequest request)
{
    auto& config = request.config;
    if (config.model.textDim == 0)
        config.model.textDim = usualTextWidth;
    if (config.model.dinoDim == 0)
        config.model.dinoDim = usualDinoWidth;
    config.conditions = {.dropBoth = 0, .dropDino = 0, .dropText = 0};
    config.metrics.attentionEvery = 0;
    throwIfAny(config.validate(), "the training configuration");
    return request;
}

void requireMultiplesOf(std::int64_t side, ImageSize picture)
{
    if (picture.width % side != 0 || picture.height % side != 0)
        throw UsageError("this cannot be timed with pictures of " + bucketName(picture) +
                         " pixels: both sides must be multiples of " + std::to_string(side));
}

double StepTimes::median() const
{
    return medianOf(seconds);
}

std::unique_ptr<Job> makeStepTimeJob(StepTimeRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return timeSteps(request, context); });
}

std::unique_ptr<Job> makeStepEstimateJob(StepTimeRequest request)
{
    return makeJob(
        [request = std::move(request)](const JobContext& context) { return estimateStep(request, context); });
}

} // namespace nanodit
