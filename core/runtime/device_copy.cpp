#include "core/runtime/device_copy.h"

#include <ATen/ATen.h>

namespace nanodit {

at::Tensor sentTo(const at::Tensor& tensor, at::Device device)
{
    if (!device.is_cuda() || !tensor.is_cpu())
        return tensor.to(device);
    return (tensor.is_pinned() ? tensor : tensor.contiguous().pin_memory()).to(device, /*non_blocking=*/true);
}

} // namespace nanodit
