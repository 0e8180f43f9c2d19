#pragma once

#include <ATen/core/Tensor.h>

namespace nanodit {

/// A tensor on a device; the same one where it is there already. What goes from the CPU to a GPU is copied while this
/// thread goes on, behind what the GPU was told to do before: through page-locked memory, which LibTorch keeps until
/// the copy is through, so that `tensor` may be changed or dropped at once.
at::Tensor sentTo(const at::Tensor& tensor, at::Device device);

} // namespace nanodit
