#pragma once

#include "core/kernels/distance_prior.h"

namespace nanodit {

/// What makes logits of the products of queries and keys: scale q k^T + bias + prior.
struct AttentionTerms {
    double scale = 1;
    /// float32, broadcasts to [B, heads, L, S]; -infinity masks a key, ln n lets it stand for n equal ones. Undefined:
    /// none. Gets no gradient.
    at::Tensor bias;
    DistancePrior prior;
};

/// softmax(scale q k^T + bias + prior) v, forward and backward without ever holding the matrix of probabilities. On the
/// CPU by tiles that stay in a core's caches, with whatever instructions the processor has; elsewhere by LibTorch's own
/// kernels, or by its products of blocks of queries, always so within a FixedOrderScope. q [B, heads, L, d]; k, v
/// [B, heads, S, d], all of one type -> [B, heads, L, d] of that type, on the CPU in memory as [B, L, heads, d]. Every
/// query must keep at least one key. Gradients reach q, k, v and the prior's strengths. float32 sums whatever the type.
at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const AttentionTerms& terms = {});

/// The same by the formula, with every matrix in memory and by operations that any device and type has: the reference
/// that the kernels are compared with. Gradients reach the bias, too.
at::Tensor plainAttention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                          const AttentionTerms& terms = {});

} // namespace nanodit
