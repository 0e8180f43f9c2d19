#pragma once

#include <ATen/ATen.h>

namespace nanodit::test {

/// The largest difference between values at one place; NaN where a value is.
inline double difference(const at::Tensor& a, const at::Tensor& b)
{
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

} // namespace nanodit::test
