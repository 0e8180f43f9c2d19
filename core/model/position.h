#pragma once

#include <ATen/core/Tensor.h>

namespace nanodit {

/// 2-D sin-cos position (Vaswani et al. 2017, per axis): the first half of the channels encodes the row, the second the
/// column; each half is sines, then cosines, of coordinate * 10000^(-2i / (width / 2)). places [n, 2] float64, as
/// latentCentres() and patchCentres() give them -> [n, width], float32.
at::Tensor sincosPosition(const at::Tensor& places, std::int64_t width);

/// Sinusoids of the flow time: cosines, then sines, of 1000 t * 10000^(-i / (width / 2)). t [B] in [0, 1] -> [B, width]
at::Tensor timestepFrequencies(const at::Tensor& t, std::int64_t width);

} // namespace nanodit
