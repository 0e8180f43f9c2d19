#pragma once

#include "core/demo/counter_random.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

/// Patterns that are the same on every machine, in files compiled without fused multiply-add.

/// 0 below `low`, 1 above `high`, smooth between.
inline double smoothStep(double low, double high, double value)
{
    const double t = std::clamp((value - low) / (high - low), 0.0, 1.0);
    return t * t * (3 - 2 * t);
}

/// [-1, 1] on an integer lattice, smooth between.
class ValueNoise {
public:
    explicit ValueNoise(std::uint64_t seed)
        : seed_(seed)
    {
    }
    double at(double x, double y) const
    {
        const double cellX = std::floor(x), cellY = std::floor(y);
        const double u = smoothStep(0, 1, x - cellX), v = smoothStep(0, 1, y - cellY);
        const auto i = static_cast<std::int64_t>(cellX), j = static_cast<std::int64_t>(cellY);
        const double top = lattice(i, j) * (1 - u) + lattice(i + 1, j) * u;
        const double bottom = lattice(i, j + 1) * (1 - u) + lattice(i + 1, j + 1) * u;
        return top * (1 - v) + bottom * v;
    }

private:
    double lattice(std::int64_t i, std::int64_t j) const
    {
        const auto key = static_cast<std::uint64_t>(i) * 0x8CB92BA72F3D8DD7u + static_cast<std::uint64_t>(j);
        return CounterRandom(seed_, key).uniform(-1, 1);
    }
    std::uint64_t seed_;
};

/// Period 1, from -1 to 1, flat at both: soft-edged stripes.
inline double softWave(double phase)
{
    const double t = phase - std::floor(phase);
    const double triangle = t < 0.5 ? 4 * t - 1 : 3 - 4 * t;
    return 2 * smoothStep(-0.6, 0.6, triangle) - 1;
}

} // namespace nanodit
