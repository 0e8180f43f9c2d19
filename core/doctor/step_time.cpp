#include "core/doctor/step_time.h"

#include "core/config/yaml.h"
#include "core/doctor/peak_memory.h"
#include "core/runtime/error.h"
#include "core/train/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

namespace nanodit {

namespace {

constexpr std::int64_t usualTextWidth = 4096, usualDinoWidth = 1024;

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

JobEnd timeSteps(StepTimeRequest request, const JobContext& context)
{
    auto& config = request.config;
    if (config.model.textDim == 0)
        config.model.textDim = usualTextWidth;
    if (config.model.dinoDim == 0)
        config.model.dinoDim = usualDinoWidth;
    config.conditions = {.dropBoth = 0, .dropDino = 0, .dropText = 0}; // the dearest case, and always the same
    config.metrics.attentionEvery = 0;
    throwIfAny(config.validate(), "the training configuration");
    const auto compute = makeCompute(request.device, config.arithmetic());
    const auto batch = randomBatch(request);
    Trainer trainer(config, request.textTokens, compute);
    StepTimes times;
    times.where = compute.text();
    times.onGpu = !compute.device.is_cpu();
    times.parameters = elementCount(trainer.model().parameters());
    times.latentTokens = trainer.model().tokenGrid(batch.latent.size(2), batch.latent.size(3)).count();
    times.contextTokens = request.textTokens + 1 + (config.model.useDinoPatches ? batch.patchGrid.count() : 0);
    ProgressMeter meter(context, Stage::Training, request.steps + 1, Unit::Steps);
    forgetPeakMemory();
    for (std::int64_t i = 0; i <= request.steps; ++i) {
        const auto start = std::chrono::steady_clock::now();
        if (!trainer.step([&batch] { return batch; }, [&context] { return context.shouldStop(); }))
            return JobEnd::Cancelled;
        trainer.model().parameters().back().value.flatten()[0].item<float>(); // waits for a device that works beside us
        const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
        if (i == 0)
            times.firstSeconds = taken.count();
        else
            times.seconds.push_back(taken.count());
        meter.advance();
    }
    times.memory = peakMemoryOf(compute);
    request.finished(times);
    return JobEnd::Finished;
}

} // namespace

double StepTimes::median() const
{
    if (seconds.empty())
        return 0;
    auto sorted = seconds;
    std::sort(sorted.begin(), sorted.end());
    return sorted[sorted.size() / 2];
}

std::unique_ptr<Job> makeStepTimeJob(StepTimeRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return timeSteps(request, context); });
}

} // namespace nanodit
