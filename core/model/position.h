#pragma once

#include "core/geometry/bucket.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

/// 2-D sin-cos position (Vaswani et al. 2017, per axis): the first half of the channels encodes the row, the second the
/// column; each half is sines, then cosines, of coordinate * 10000^(-2i / (width / 2)). rows, cols: coordinates of the
/// grid's lines, float64. -> [rows * cols, width], row-major, float32.
at::Tensor sincosPosition(const at::Tensor& rows, const at::Tensor& cols, std::int64_t width);

/// Of a grid of latent tokens: coordinates 0, 1, 2... -> [grid.count(), width]
at::Tensor latentPosition(GridSize grid, std::int64_t width);

/// Of a grid of patches over the same picture: the patches' centres in units of the latent grid.
at::Tensor patchPosition(GridSize patches, GridSize latents, std::int64_t width);

/// Sinusoids of the flow time: cosines, then sines, of 1000 t * 10000^(-i / (width / 2)). t [B] in [0, 1] -> [B, width]
at::Tensor timestepFrequencies(const at::Tensor& t, std::int64_t width);

} // namespace nanodit
