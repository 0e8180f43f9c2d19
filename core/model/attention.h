#pragma once

#include "core/kernels/distance_prior.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

/// softmax(q k^T / sqrt(d) + logitBias + prior) v, as attention() computes it. q [B, heads, L, d]; k, v
/// [B, heads, S, d]; logitBias [B, S] float32 (0 keeps a token, -infinity masks it, ln n lets it stand for n equal
/// tokens) or undefined -> [B, heads, L, d]. Every sample must keep at least one token. Gradients reach q, k, v and the
/// prior's strengths.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& logitBias = {},
                  const DistancePrior& prior = {});

} // namespace nanodit
