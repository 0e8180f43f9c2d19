#include "core/sample/solver.h"

#include "core/sample/branches.h"

#include <cmath>
#include <memory>

namespace nanodit {

namespace {

/// One step of a solver, which may keep what it needs of the steps before.
class Stepper {
public:
    virtual ~Stepper() = default;
    /// x at t -> x at next, where v is the velocity at (x, t).
    virtual at::Tensor step(const VelocityFunction& velocity, const at::Tensor& x, const at::Tensor& v, float t,
                            float next) = 0;
};

class EulerStepper final : public Stepper {
public:
    at::Tensor step(const VelocityFunction&, const at::Tensor& x, const at::Tensor& v, float t, float next) override
    {
        return x + (next - t) * v;
    }
};

class HeunStepper final : public Stepper {
public:
    at::Tensor step(const VelocityFunction& velocity, const at::Tensor& x, const at::Tensor& v, float t,
                    float next) override
    {
        if (next <= 0) // The last step has no velocity at its end: Euler, as Karras et al. 2022.
            return x + (next - t) * v;
        return x + (next - t) * ((v + velocity(x + (next - t) * v, next)) / 2);
    }
};

class MultistepStepper final : public Stepper {
public:
    at::Tensor step(const VelocityFunction&, const at::Tensor& x, const at::Tensor& v, float t, float next) override
    {
        const auto image = x - t * v;
        auto estimate = image;
        // Half the logarithm of the signal's share over the noise's runs from minus to plus infinity: next to its ends
        // the step is of first order.
        if (before_.defined() && timeBefore_ < 1 && next > 0) {
            const double here = logRatio(t), step = logRatio(next) - here, stepBefore = here - logRatio(timeBefore_);
            estimate = image + (image - before_) * (step / (2 * stepBefore));
        }
        before_ = image;
        timeBefore_ = t;
        const double noise = static_cast<double>(next) / t;
        return noise * x + ((1.0 - next) - noise * (1.0 - t)) * estimate;
    }

private:
    static double logRatio(double t) { return std::log((1 - t) / t); }

    at::Tensor before_;
    float timeBefore_ = 1;
};

std::unique_ptr<Stepper> makeStepper(Solver solver)
{
    switch (solver) {
    case Solver::Heun:
        return std::make_unique<HeunStepper>();
    case Solver::Multistep:
        return std::make_unique<MultistepStepper>();
    case Solver::Euler:
        break;
    }
    return std::make_unique<EulerStepper>();
}

} // namespace

std::vector<float> flowTimes(std::int64_t steps, double shift)
{
    return flowTimesFrom(1, steps, shift);
}

std::vector<float> flowTimesFrom(double start, std::int64_t steps, double shift)
{
    const double unshifted = start / (shift - (shift - 1) * start);
    std::vector<float> times;
    for (std::int64_t i = 0; i <= steps; ++i) {
        const double t = unshifted * (1.0 - static_cast<double>(i) / static_cast<double>(steps));
        times.push_back(static_cast<float>(shift * t / (1 + (shift - 1) * t)));
    }
    return times;
}

std::vector<float> flowTimesOf(const SampleRequest& request)
{
    return flowTimesFrom(request.start ? request.start->time : 1, request.steps, request.shift);
}

std::optional<at::Tensor> solve(Solver solver, const VelocityFunction& velocity, const at::Tensor& noise,
                                const std::vector<float>& times, const SolverObserver& observer)
{
    auto x = noise;
    if (!observer({.step = 0, .x = x, .image = x}))
        return std::nullopt;
    const auto stepper = makeStepper(solver);
    try {
        for (std::size_t i = 0; i + 1 < times.size(); ++i) {
            const float t = times[i];
            const auto v = velocity(x, t);
            const auto image = x - t * v;
            // A step that stands still is no part of the flow: its velocity is averaged with no other, and the picture
            // that it predicts, which is its noise, is nothing to extrapolate from.
            if (v.any().item<bool>())
                x = stepper->step(velocity, x, v, t, times[i + 1]);
            if (!observer({.step = static_cast<std::int64_t>(i) + 1, .x = x, .image = image}))
                return std::nullopt;
        }
    } catch (const EvaluationStopped&) {
        return std::nullopt;
    }
    return x;
}

} // namespace nanodit
