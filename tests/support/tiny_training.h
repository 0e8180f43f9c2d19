#pragma once

#include "core/config/train_config.h"
#include "core/front/training.h"
#include "tests/support/tiny_workspace.h"

#include <string>
#include <vector>

namespace nanodit::test {

/// A training that steps in milliseconds on the tiny workspace.
inline TrainConfig tinyConfig(std::int64_t steps)
{
    TrainConfig config;
    config.model.hiddenSize = 32;
    config.model.depth = 2;
    config.model.numHeads = 4;
    config.model.mlpRatio = 2;
    config.model.frequencyDim = 16;
    config.data.batchSize = 2;
    config.optimiser.lr = 1e-3;
    config.optimiser.accumulation = 2;
    config.schedule = {.steps = steps, .warmupSteps = 2, .decay = Decay::Constant};
    config.ema.decay = 0.9;
    config.saving = {.every = 4, .keep = 2};
    config.previews = {.every = 0, .count = 2, .samplerSteps = 2};
    config.seed = 3;
    return config;
}

struct Outcome {
    JobEnd end = JobEnd::Finished;
    TrainReport report;
    std::string log;
    std::vector<StepMetrics> steps;
    std::vector<PreviewPicture> previews;
};

inline Outcome train(TrainRequest request, std::int64_t stopAfter = 0)
{
    Outcome outcome;
    JobContext context;
    context.log = [&outcome](LogLevel, const std::string& text) { outcome.log += text + "\n"; };
    request.onStep = [&](const StepMetrics& metrics) {
        outcome.steps.push_back(metrics);
        if (metrics.step == stopAfter)
            context.control->requestStop();
    };
    request.onPreview = [&outcome](const PreviewPicture& preview) { outcome.previews.push_back(preview); };
    request.finished = [&outcome](const TrainReport& report) { outcome.report = report; };
    request.device.threads = 2;
    outcome.end = makeTrainJob(std::move(request))->run(context);
    return outcome;
}

inline TrainRequest requestFor(const TinyWorkspace& tiny, const std::string& run, const TrainConfig& config)
{
    TrainRequest request;
    request.workspace = tiny.workspace;
    request.config = config;
    request.runName = run;
    return request;
}

} // namespace nanodit::test
