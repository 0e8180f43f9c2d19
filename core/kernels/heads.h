#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace nanodit {

/// What lies between the products that give queries, keys and values, and attention.

/// Parts of a product that lie beside each other, by heads: [B, n, parts * heads * d] -> parts of [B, heads, n, d], in
/// its memory. Backward, gradients are joined in one sweep.
std::vector<at::Tensor> splitHeads(const at::Tensor& x, std::int64_t parts, std::int64_t heads);

/// [B, heads, n, d] -> [B, n, heads * d], a view where memory lies so.
at::Tensor joinHeads(const at::Tensor& x);

/// Turns pairs of channels (i, i + d / 2) of the last m tokens by angles that depend on the token; the others rest.
/// x [B, heads, n, d]; cosines, sines [1 or B, 1, m, d / 2] float32 -> as x, computed in float32. On the CPU in float32
/// and bf16 one sweep over memory, elsewhere LibTorch's operations. Angles get no gradient.
at::Tensor turnedHeads(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines);

/// x / sqrt(mean(x^2) + eps) * weight over the last dimension, in the type of x, computed in float32. x
/// [B, heads, n, d], weight [d] float32 -> as x. On the CPU in float32 and bf16 one sweep over memory forward and one
/// backward, elsewhere LibTorch's operations.
at::Tensor normedHeads(const at::Tensor& x, const at::Tensor& weight, double eps);

} // namespace nanodit
