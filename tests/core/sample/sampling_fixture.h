#pragma once

#include "core/model/nanodit.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/sample/sampling_session.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_workspace.h"

#include <functional>

namespace nanodit::test {

/// A checkpoint of the run "demo-run" with random weights, its average being the same.
inline std::filesystem::path writeRandomModel(const TinyWorkspace& tiny)
{
    auto config = tinyModelConfig();
    const NanoDiT model(config);
    randomise(model.parameters());
    CheckpointState state;
    state.run = "demo-run";
    state.step = 2000;
    state.config.model = config;
    state.textTokens = 8;
    const auto weights = stateOf(model.parameters());
    return writeCheckpoint(tiny.workspace.runsFolder() / "demo-run", state,
                           {.model = weights, .ema = weights, .optimiser = weights});
}

inline std::filesystem::path checkpointOf(const TinyWorkspace& tiny)
{
    return newestCheckpoint(tiny.workspace, "demo-run");
}

inline SampleRequest smallRequest()
{
    SampleRequest request;
    request.size = TinyWorkspace::square;
    request.steps = 4;
    request.seed = 5;
    return request;
}

inline const std::function<void(const SamplePreview&)> noPreview = [](const SamplePreview&) {};

} // namespace nanodit::test
