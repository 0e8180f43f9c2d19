#pragma once

#include "core/geometry/bucket.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

/// 1 - cosine of the features at the same place, averaged over patches. a, b [N, D]; 0 for equal ones, 2 at most.
/// Throws UsageError for different shapes.
double patchCosineDistance(const at::Tensor& a, const at::Tensor& b);

/// How well the layout of two pictures corresponds, told by their patch features.
struct PatchCorrespondence {
    double matched = 0;      ///< Share of patches whose nearest neighbour in the other picture has them as its own.
    double displacement = 0; ///< Mean distance of such pairs on the grid, in patches; 0 without pairs.
};
/// Mutual nearest neighbours by cosine, of features [rows * cols, D] on the same grid, row by row. Throws UsageError
/// for shapes that do not fit the grid.
PatchCorrespondence patchCorrespondence(const at::Tensor& a, const at::Tensor& b, GridSize grid);

/// The Fréchet distance (Heusel et al. 2017) between Gaussians fitted to two sets of features, [n, D] and [m, D]:
/// squared distance of the means plus tr(A + B - 2 (A B)^(1/2)). With DINO's CLS vectors it is FDD (Stein et al. 2023).
/// Biased for few samples: state n, and compare only equal n. Throws UsageError below two samples a side.
double frechetDistance(const at::Tensor& a, const at::Tensor& b);

} // namespace nanodit
