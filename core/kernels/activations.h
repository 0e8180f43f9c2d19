#pragma once

#include <ATen/core/Tensor.h>

namespace nanodit {

/// What lies between the products of a transformer block. On the CPU in float32 and bf16 each is one sweep over memory
/// forward and one backward, with whatever instructions the processor has; elsewhere it is made of LibTorch's
/// operations. Sums and intermediate values are float32.

/// norm(x) * (1 + scale) + shift in the type `result`, where norm takes the mean off each row and divides it by
/// sqrt(variance + eps). x [B, L, D], normed in float32; shift, scale [B, D].
at::Tensor modulatedNorm(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, double eps,
                         at::ScalarType result);

/// x + gate * branch, float32. x, branch [B, L, D]; gate [B, D], or undefined for ones.
at::Tensor gatedSum(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& gate = {});

/// x / 2 * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), in the type of x.
at::Tensor tanhGelu(const at::Tensor& x);

} // namespace nanodit
