#pragma once

#include "core/encoders/stop.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

/// softmax(scale q k^T + bias) v, as attention() computes it. q [B, heads, Q, d]; k, v [B, heads, K, d]; bias
/// broadcasts to [B, heads, Q, K] or is undefined. Gives [B, heads, Q, d]. `stop` is asked before every few heads, and
/// leaves by EncodingStopped. Gradients reach the bias, too, for which every matrix is held. With `products` of bf16,
/// q, k, v and the probabilities are rounded to it; the result has the type of q.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, double scale,
                  const at::Tensor& bias = {}, const StopCheck& stop = {}, at::ScalarType products = at::kFloat);

} // namespace nanodit
