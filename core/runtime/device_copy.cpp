#include "core/runtime/device_copy.h"

#include <ATen/ATen.h>

namespace nanodit {

namespace {

at::Tensor emptyHere(const at::Tensor& like)
{
    const auto options = like.options().device(at::kCPU);
    if (!like.is_cuda())
        return at::empty(like.sizes(), options);
    try {
        return at::empty(like.sizes(), options.pinned_memory(true));
    } catch (const c10::Error&) { // the system locks no more: slower, but no reason to end
        return at::empty(like.sizes(), options);
    }
}

} // namespace

at::Tensor sentTo(const at::Tensor& tensor, at::Device device)
{
    if (!device.is_cuda() || !tensor.is_cpu())
        return tensor.to(device);
    return (tensor.is_pinned() ? tensor : tensor.contiguous().pin_memory()).to(device, /*non_blocking=*/true);
}

at::Tensor CopiesHere::begin(const at::Tensor& tensor)
{
    const at::NoGradGuard noGradient;
    auto copy = emptyHere(tensor);
    copy.copy_(tensor, /*non_blocking=*/true);
    if (!tensor.is_cpu())
        from_ = tensor.device();
    return copy;
}

void CopiesHere::wait()
{
    if (!from_)
        return;
    at::zeros({1}, at::TensorOptions(*from_)).to(at::kCPU); // a device does one after the other: this comes last
    from_.reset();
}

} // namespace nanodit
