#pragma once

/// Resizing as torchvision's functional.resize does it on the CPU, for every LibTorch.

#include "core/geometry/bucket.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

enum class ResizeFilter { NearestExact, Bilinear, Bicubic, Lanczos };

/// image [B, C, H, W] -> [B, C, size.height, size.width]; all but the nearest antialiased. float32 stays as it comes
/// out; uint8 is resized in fixed point, across and then down, rounded and clamped to bytes after each.
at::Tensor resizeImage(const at::Tensor& image, ImageSize size, ResizeFilter filter);

} // namespace nanodit
