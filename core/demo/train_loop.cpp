#include "core/demo/train_loop.h"

#include "core/runtime/error.h"
#include "core/runtime/generator.h"
#include "core/train/optimiser.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace nanodit {

namespace {

constexpr std::int64_t savedEvery = 500;
constexpr double lowestRate = 0.01;
constexpr const char* stepName = "loop.step";
constexpr const char* noiseName = "loop.noise_state";

double rateOf(const TrainLoopPlan& plan, std::int64_t step)
{
    const double warm =
        std::min(1.0, static_cast<double>(step + 1) / static_cast<double>(std::max<std::int64_t>(1, plan.warmupSteps)));
    const double turn = std::numbers::pi * static_cast<double>(step) / static_cast<double>(plan.steps);
    return plan.lr * warm * (lowestRate + (1 - lowestRate) * 0.5 * (1 + std::cos(turn)));
}

void save(const TrainLoopPlan& plan, const Parameters& parameters, const AdamW& optimiser, const at::Generator& noise,
          std::int64_t step)
{
    auto state = stateOf(parameters);
    state.merge(optimiser.state());
    state[stepName] = at::full({1}, step, at::kLong);
    state[noiseName] = noise.get_state();
    writeTensors(plan.partial, state);
}

/// The step to go on from.
std::int64_t restore(const TrainLoopPlan& plan, const Parameters& parameters, AdamW& optimiser, at::Generator& noise)
{
    if (!std::filesystem::exists(plan.partial))
        return 0;
    auto state = readTensors(plan.partial);
    const auto found = state.find(stepName);
    if (found == state.end() || !state.contains(noiseName))
        throw DataError(plan.partial.string() +
                        " is not an interrupted training of this program: remove it to start again");
    const auto step = found->second.item<std::int64_t>();
    noise.set_state(state.at(noiseName).clone());
    TensorMap weights, moments;
    for (const auto& parameter : parameters) {
        if (const auto weight = state.extract(parameter.name))
            weights.insert({weight.key(), weight.mapped()});
    }
    state.erase(stepName);
    state.erase(noiseName);
    loadState(parameters, weights, plan.partial.string());
    optimiser.restore(state, plan.partial.string());
    return step;
}

} // namespace

bool runTrainLoop(const TrainLoopPlan& plan, const Parameters& parameters, const LossOfStep& lossOf,
                  const JobContext& context)
{
    AdamW optimiser(parameters, {.betas = plan.betas, .eps = 1e-8, .weightDecay = plan.weightDecay});
    auto noise = seededGenerator(plan.seed);
    const auto first = restore(plan, parameters, optimiser, noise);

    ProgressMeter meter(context, {Stage::TrainingEncoder, plan.pass}, plan.steps, Unit::Steps);
    meter.skip(first);
    for (std::int64_t step = first; step < plan.steps; ++step) {
        if (context.shouldStop()) {
            save(plan, parameters, optimiser, noise, step);
            return false;
        }
        StepRandom random{.numbers = CounterRandom(plan.seed, static_cast<std::uint64_t>(step)), .noise = noise};
        const auto loss = lossOf(step, random);
        if (!std::isfinite(loss.item<double>()))
            throw Error("the " + plan.what + "'s loss is not finite at step " + std::to_string(step + 1) +
                        ": try a lower learning rate");
        zeroGradients(parameters);
        loss.backward();
        if (plan.clip > 0)
            clipGradients(parameters, gradientNorm(parameters), plan.clip);
        optimiser.step(rateOf(plan, step));
        if ((step + 1) % savedEvery == 0)
            save(plan, parameters, optimiser, noise, step + 1);
        meter.update(step + 1);
    }
    return true;
}

Parameters trainableParameters(const TensorMap& weights)
{
    Parameters parameters;
    for (const auto& [name, tensor] : weights)
        parameters.push_back({name, tensor.detach().clone().requires_grad_(true)});
    return parameters;
}

} // namespace nanodit
