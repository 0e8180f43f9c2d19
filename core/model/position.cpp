#include "core/model/position.h"

#include <cmath>

namespace nanodit {

namespace {

at::Tensor sincos(const at::Tensor& coordinates, std::int64_t width)
{
    const auto half = width / 2;
    const auto exponents = at::arange(half, at::kDouble) / static_cast<double>(half);
    const auto angles = coordinates.unsqueeze(1) * at::pow(10000.0, -exponents).unsqueeze(0);
    return at::cat({angles.sin(), angles.cos()}, 1).to(at::kFloat);
}

} // namespace

at::Tensor sincosPosition(const at::Tensor& places, std::int64_t width)
{
    return at::cat({sincos(places.select(1, 0), width / 2), sincos(places.select(1, 1), width / 2)}, 1);
}

at::Tensor timestepFrequencies(const at::Tensor& t, std::int64_t width)
{
    const auto half = width / 2;
    const auto steps = at::arange(half, t.options().dtype(at::kFloat));
    const auto frequencies = at::exp(steps * -std::log(10000.0) / static_cast<double>(half));
    const auto angles = (t.to(at::kFloat) * 1000.0).unsqueeze(1) * frequencies.unsqueeze(0);
    return at::cat({angles.cos(), angles.sin()}, 1);
}

} // namespace nanodit
