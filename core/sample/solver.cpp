#include "core/sample/solver.h"

namespace nanodit {

std::vector<float> flowTimes(std::int64_t steps, double shift)
{
    std::vector<float> times;
    for (std::int64_t i = 0; i <= steps; ++i) {
        const double t = 1.0 - static_cast<double>(i) / static_cast<double>(steps);
        times.push_back(static_cast<float>(shift * t / (1 + (shift - 1) * t)));
    }
    return times;
}

std::optional<at::Tensor> solve(Solver solver, const VelocityFunction& velocity, const at::Tensor& noise,
                                const std::vector<float>& times, const SolverObserver& observer)
{
    auto x = noise;
    if (!observer({.step = 0, .x = x, .image = x}))
        return std::nullopt;
    for (std::size_t i = 0; i + 1 < times.size(); ++i) {
        const float t = times[i], next = times[i + 1];
        auto slope = velocity(x, t);
        const auto image = x - t * slope;
        if (solver == Solver::Heun &&
            next > 0) // The last step has no velocity at its end: Euler, as Karras et al. 2022.
            slope = (slope + velocity(x + (next - t) * slope, next)) / 2;
        x = x + (next - t) * slope;
        if (!observer({.step = static_cast<std::int64_t>(i) + 1, .x = x, .image = image}))
            return std::nullopt;
    }
    return x;
}

} // namespace nanodit
