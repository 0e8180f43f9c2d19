#pragma once

#include "core/kernels/attention.h"

namespace nanodit {

struct AttentionOutput {
    at::Tensor values;  ///< [B, heads, L, d] of the type of q, in memory as [B, L, heads, d].
    at::Tensor logSums; ///< [B, heads, L] float32: ln of the sum of exp(logit).
};

struct AttentionGradients {
    at::Tensor q, k, v;   ///< As the inputs are, in memory as [B, tokens, heads, d].
    at::Tensor strengths; ///< [B, heads] float32; undefined without a prior.
};

/// One way to compute attention. Called without autograd and autocast.
class AttentionKernel {
public:
    virtual ~AttentionKernel() = default;
    virtual AttentionOutput forward(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                    const AttentionTerms& terms) const = 0;
    /// Of the output's gradient [B, heads, L, d].
    virtual AttentionGradients backward(const at::Tensor& gradient, const at::Tensor& q, const at::Tensor& k,
                                        const at::Tensor& v, const AttentionOutput& output,
                                        const AttentionTerms& terms) const = 0;
};

/// [B, heads, tokens, d] as `like`, in memory as [B, tokens, heads, d]. Not a view, which autograd would treat apart.
at::Tensor emptyByToken(const at::Tensor& like, at::ScalarType type);
inline at::Tensor emptyByToken(const at::Tensor& like)
{
    return emptyByToken(like, like.scalar_type());
}

/// By LibTorch's products of blocks of queries: any device and type.
const AttentionKernel& blockAttention();

/// By tiles in the caches of the CPU: float32 and bf16.
const AttentionKernel& tileAttention();

} // namespace nanodit
