#pragma once

#include <ATen/core/Tensor.h>

namespace nanodit {

/// softmax(q k^T / sqrt(d) + logitBias) v, without ever holding the whole matrix of probabilities: it streams over
/// blocks of queries, and computes them again for the backward pass. q [B, heads, L, d]; k, v [B, heads, S, d];
/// logitBias [B, S] float32 (0 keeps a token, -infinity masks it, ln n lets it stand for n equal tokens) or undefined
/// -> [B, heads, L, d]. Every sample must keep at least one token. No gradient reaches logitBias.
at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& logitBias = {});

} // namespace nanodit
