#include "core/golden/agreement.h"

#include <ATen/ATen.h>

#include <limits>

namespace nanodit {

double relativeTolerance(Products products)
{
    switch (products) {
    case Products::Float32:
        return 2e-3;
    case Products::Tf32:
        return 2e-2;
    case Products::Bf16:
        return 6e-2;
    }
    return 0;
}

double relativeDifference(const at::Tensor& ours, const at::Tensor& reference)
{
    if (ours.sizes() != reference.sizes())
        return std::numeric_limits<double>::quiet_NaN();
    const auto a = ours.detach().to(at::kCPU, at::kDouble), b = reference.detach().to(at::kCPU, at::kDouble);
    return ((a - b).norm() / b.norm().clamp_min(1e-12)).item<double>();
}

} // namespace nanodit
