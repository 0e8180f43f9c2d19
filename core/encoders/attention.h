#pragma once

#include "core/encoders/stop.h"

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace nanodit {

/// softmax(scale q k^T + bias) v, a block of queries at a time: never holds more than some 32 MB of logits unless
/// gradients are wanted. q [B, heads, Q, d]; k, v [B, heads, K, d]; bias broadcasts to [B, heads, Q, K] or is
/// undefined. Gives [B, heads, Q, d]. `stop` is asked before each block, and leaves by EncodingStopped.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale,
                  const at::Tensor& bias = {}, const StopCheck& stop = {});

/// [B, T, heads * d] -> [B, heads, T, d], and back.
at::Tensor splitHeads(const at::Tensor& x, std::int64_t heads);
at::Tensor mergeHeads(const at::Tensor& x);

} // namespace nanodit
