#pragma once

#include <ATen/core/Tensor.h>

#include <optional>

namespace nanodit {

/// A tensor on a device; the same one where it is there already. What goes from the CPU to a GPU is copied while this
/// thread goes on, behind what the GPU was told to do before: through page-locked memory, which LibTorch keeps until
/// the copy is through, so that `tensor` may be changed or dropped at once.
at::Tensor sentTo(const at::Tensor& tensor, at::Device device);

/// Copies tensors of one device to the CPU, where each gets memory of its own. Those of a GPU go one behind the other
/// into page-locked memory, without a wait in between.
class CopiesHere {
public:
    /// Whole once wait() has returned; from then on `tensor` may be changed.
    at::Tensor begin(const at::Tensor& tensor);
    /// Waits, once, for all that were begun. Nothing that is computed on the CPU needs it.
    void wait();

private:
    std::optional<at::Device> from_; ///< Of copies that may be on their way.
};

} // namespace nanodit
