#pragma once

#include <ATen/core/Tensor.h>

namespace nanodit {

/// Rows of length 1 in float32, so that their products are cosines; a row of zeros stays one. [N, D]
at::Tensor unitRows(const at::Tensor& rows);

} // namespace nanodit
