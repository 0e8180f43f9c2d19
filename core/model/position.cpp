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

at::Tensor centres(std::int64_t cells, std::int64_t span)
{
    return (at::arange(cells, at::kDouble) + 0.5) * (static_cast<double>(span) / static_cast<double>(cells)) - 0.5;
}

} // namespace

at::Tensor sincosPosition(const at::Tensor& rows, const at::Tensor& cols, std::int64_t width)
{
    const auto byRow = sincos(rows.repeat_interleave(cols.size(0)), width / 2);
    const auto byColumn = sincos(cols.repeat({rows.size(0)}), width / 2);
    return at::cat({byRow, byColumn}, 1);
}

at::Tensor latentPosition(GridSize grid, std::int64_t width)
{
    return sincosPosition(at::arange(grid.rows, at::kDouble), at::arange(grid.cols, at::kDouble), width);
}

at::Tensor patchPosition(GridSize patches, GridSize latents, std::int64_t width)
{
    return sincosPosition(centres(patches.rows, latents.rows), centres(patches.cols, latents.cols), width);
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
