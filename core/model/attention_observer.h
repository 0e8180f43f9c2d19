#pragma once

#include "core/model/attention.h"

#include <cstdint>

namespace nanodit {

/// What cross attention compares and mixes in one block. Shapes: B samples, L latent tokens, S context tokens, D width.
struct CrossAttentionInputs {
    at::Tensor queries;      ///< [B, heads, L, D / heads], of the latent tokens
    at::Tensor keys, values; ///< [B, heads, S, D / heads], of the context
    at::Tensor logitBias;    ///< [B, S], as attend() takes it, or undefined
    DistancePrior prior;
    at::Tensor outWeight; ///< [D, D]: what the mixed values of all heads, side by side, are multiplied by.
};

/// Is told what a model's attention compares while the model runs. Nothing is computed or copied for it, and without
/// one nothing is done at all. Tensors are [B, heads, tokens, channels a head], as attend() takes them; they may be
/// overwritten by the model's next evaluation. They have the type that the model computes in; what an observer computes
/// itself is not autocast.
class AttentionObserver {
public:
    virtual ~AttentionObserver() = default;
    /// Both of the latent tokens.
    virtual void selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys) = 0;
    virtual void crossAttention(std::int64_t block, const CrossAttentionInputs& inputs) = 0;
};

/// An observer and the block that speaks to it; nobody by default.
struct AttentionWatch {
    AttentionObserver* observer = nullptr;
    std::int64_t block = 0;
};

} // namespace nanodit
