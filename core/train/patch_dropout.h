#pragma once

/// Patches that training leaves out of a sample's context: so a model learns what erased regions mean, and to follow
/// the text where no patch guides.

#include "core/geometry/bucket.h"

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace nanodit {

/// How the patches that are left out lie.
enum class HoleShape {
    Rectangle,
    Surroundings, ///< All but a rectangle.
    Blob,         ///< Connected along sides.
    Scattered     ///< Any patches.
};
inline constexpr std::int64_t holeShapeCount = 4;

struct PatchHole {
    HoleShape shape = HoleShape::Rectangle;
    std::vector<bool> leftOut; ///< By patch, row by row: at least one, never all.
};
/// Shapes have equal chances; sizes range from one patch to all but one. `grid` has two patches at least.
PatchHole drawPatchHole(GridSize grid, at::Generator& generator);

/// [B, N] bool, true for patches that stay. Each sample has a hole with the chance `share`, but those with `nullDino`
/// (B) stay as they are. Undefined when no sample has one.
at::Tensor drawPatchMask(double share, const std::vector<bool>& nullDino, GridSize grid, at::Generator& generator);

} // namespace nanodit
