#pragma once

/// Integrates the flow from noise (t = 1) to an image's latent (t = 0).

#include "core/sample/sample_request.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <vector>

namespace nanodit {

/// steps + 1 flow times from 1 to 0, shifted: s t / (1 + (s - 1) t) (Esser et al. 2024, equation 23).
std::vector<float> flowTimes(std::int64_t steps, double shift);
/// steps + 1 flow times from `start` (in (0, 1]) to 0, spaced as those from 1 are.
std::vector<float> flowTimesFrom(double start, std::int64_t steps, double shift);
/// Those of a request, from where it begins.
std::vector<float> flowTimesOf(const SampleRequest& request);

/// Velocity at latents x [B, C, H, W] and flow time t, the same for every sample.
using VelocityFunction = std::function<at::Tensor(const at::Tensor& x, float t)>;

/// Where a solver stands after a step.
struct SolverStep {
    std::int64_t step = 0;   ///< 1 ... steps
    const at::Tensor& x;     ///< [B, C, H, W] at the step's end.
    const at::Tensor& image; ///< What the velocity says the picture will be: x - t v at the step's start.
};
/// False stops the solver.
using SolverObserver = std::function<bool(const SolverStep&)>;

/// From `noise` [B, C, H, W], or latents at the first of the times, along `times`; empty when the observer stopped it
/// (which is asked before the first evaluation too, as step 0), or an evaluation was stopped (EvaluationStopped).
/// - Euler: one evaluation a step, first order.
/// - Heun: two evaluations a step, second order.
/// - Multistep: one evaluation a step, second order: DPM-Solver++(2M) (Lu et al. 2022, algorithm 2) with alpha = 1 - t
///   and sigma = t, which keeps the picture predicted at the step before.
/// A step whose velocity is zero everywhere, as GuidanceRule::CfgZero makes it, leaves the latents as they are and no
/// trace in the steps after it.
std::optional<at::Tensor> solve(Solver solver, const VelocityFunction& velocity, const at::Tensor& noise,
                                const std::vector<float>& times, const SolverObserver& observer);

} // namespace nanodit
