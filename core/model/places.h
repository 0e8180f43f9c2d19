#pragma once

/// How cross attention sees where latent tokens and patches lie. All coordinates are {row, column} in latent tokens.
/// Shapes: L latent tokens, N patches, d channels a head.

#include "core/geometry/bucket.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

/// Centres of a grid's latent tokens: {0, 0}, {0, 1}... -> [L, 2], row-major, float64.
at::Tensor latentCentres(GridSize grid);
/// Centres of a grid of patches in units of another grid over the same picture -> [N, 2], row-major, float64.
at::Tensor patchCentres(GridSize patches, GridSize latents);

/// Turns pairs of channels by angles that depend on a token's place (RoFormer, Su et al. 2021), half of the pairs by
/// the row, half by the column: a product of a turned query and a turned key depends on how they lie to each other.
struct Rotation {
    at::Tensor cosines, sines; ///< [1 or B, 1, n, d / 2]; undefined: nothing is turned.

    /// places [n, 2]. Channel i is paired with channel i + d / 2; pair i of d / 4 turns by row * 100^(-4i / d), pair
    /// d / 4 + i by column * 100^(-4i / d) radians. `headWidth` d: a multiple of 4.
    static Rotation of(const at::Tensor& places, std::int64_t headWidth);
    /// The same for B samples; those that are false in `turned` [B] bool rest. `turned` undefined: all are.
    Rotation where(const at::Tensor& turned) const;
    Rotation first(std::int64_t tokens) const;
    Rotation to(at::Device device) const { return {.cosines = cosines.to(device), .sines = sines.to(device)}; }
    bool defined() const { return cosines.defined(); }
    /// x [B, heads, n, d] -> the same, turned, in its type; computed in float32.
    at::Tensor operator()(const at::Tensor& x) const;
};

/// Where the tokens of a context lie, for a model whose cross attention sees it; each part undefined where it does not.
struct ContextPlaces {
    GridSize latents;       ///< The grid it was made for; empty when nothing here depends on it.
    Rotation queries;       ///< [1, 1, L, d / 2]
    Rotation patches;       ///< [1 or B, 1, N, d / 2]; null patches rest, as text and CLS do.
    at::Tensor latentAt;    ///< [L, 2] float32
    at::Tensor patchAt;     ///< [N, 2] float32
    at::Tensor realPatches; ///< [B, 1] float32: 1 for samples whose patches are real, 0 for null ones.
};

} // namespace nanodit
