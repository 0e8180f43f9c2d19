#include "core/model/places.h"

#include "core/kernels/heads.h"

#include <cmath>

namespace nanodit {

namespace {

constexpr double slowestTurn = 100.0; ///< In latent tokens a radian.

at::Tensor gridOf(const at::Tensor& rows, const at::Tensor& cols)
{
    return at::stack({rows.repeat_interleave(cols.size(0)), cols.repeat({rows.size(0)})}, 1);
}

at::Tensor centres(std::int64_t cells, std::int64_t span)
{
    return (at::arange(cells, at::kDouble) + 0.5) * (static_cast<double>(span) / static_cast<double>(cells)) - 0.5;
}

} // namespace

at::Tensor latentCentres(GridSize grid)
{
    return patchCentres(grid, grid);
}

at::Tensor patchCentres(GridSize patches, GridSize latents)
{
    return gridOf(centres(patches.rows, latents.rows), centres(patches.cols, latents.cols));
}

Rotation Rotation::of(const at::Tensor& places, std::int64_t headWidth)
{
    const auto pairs = headWidth / 4;
    const auto turns = at::pow(slowestTurn, -at::arange(pairs, at::kDouble) / static_cast<double>(pairs));
    const auto angles = (places.unsqueeze(2) * turns).flatten(1); // [n, row's pairs | column's pairs]
    const auto wide = [](const at::Tensor& x) { return x.to(at::kFloat).unsqueeze(0).unsqueeze(0); };
    return {.cosines = wide(angles.cos()), .sines = wide(angles.sin())};
}

Rotation Rotation::where(const at::Tensor& turned) const
{
    if (!turned.defined())
        return *this;
    const auto of = turned.view({-1, 1, 1, 1});
    return {.cosines = at::where(of, cosines, at::ones_like(cosines)),
            .sines = at::where(of, sines, at::zeros_like(sines))};
}

Rotation Rotation::first(std::int64_t tokens) const
{
    return {.cosines = cosines.narrow(2, 0, tokens), .sines = sines.narrow(2, 0, tokens)};
}

at::Tensor Rotation::operator()(const at::Tensor& x) const
{
    return defined() ? turnedHeads(x, cosines, sines) : x;
}

} // namespace nanodit
