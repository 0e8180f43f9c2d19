#pragma once

#include "core/demo/counter_random.h"
#include "core/model/parameter.h"
#include "core/runtime/job.h"

#include <ATen/core/Generator.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace nanodit {

/// How a small encoder is trained: AdamW, a linear warm-up, then a cosine down to a hundredth of the peak rate.
struct TrainLoopPlan {
    std::string what;      ///< For messages: "autoencoder".
    Pass pass = Pass::Vae; ///< Whose encoder it is, for progress.
    std::uint64_t seed = 1;
    std::int64_t steps = 1000;
    double lr = 1e-3;
    std::int64_t warmupSteps = 100;
    std::array<double, 2> betas = {0.9, 0.99};
    double weightDecay = 1e-4;
    double clip = 0;               ///< Largest gradient norm; 0: none.
    std::filesystem::path partial; ///< Where a stopped training waits to be continued.
};

/// What a step may draw from. Both follow from the seed and the steps done, also after a stop.
struct StepRandom {
    CounterRandom numbers; ///< Of this step.
    at::Generator noise;   ///< One stream over all steps.
};
/// The loss of a step, a scalar with a graph.
using LossOfStep = std::function<at::Tensor(std::int64_t step, StepRandom& random)>;

/// Runs the steps that `plan.partial` has not done yet. False when stopped: the work so far is in `plan.partial`.
/// Throws Error when the loss is not finite.
bool runTrainLoop(const TrainLoopPlan& plan, const Parameters& parameters, const LossOfStep& lossOf,
                  const JobContext& context);

/// Copies of tensors as leaves that require gradients, in the map's order.
Parameters trainableParameters(const TensorMap& weights);

} // namespace nanodit
