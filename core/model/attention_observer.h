#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace nanodit {

/// Is told what a model's attention compares while the model runs. Nothing is computed or copied for it, and without
/// one nothing is done at all. Tensors are [B, heads, tokens, channels a head], as attend() takes them; they may be
/// overwritten by the model's next evaluation. They have the type that the model computes in; what an observer computes
/// itself is not autocast.
class AttentionObserver {
public:
    virtual ~AttentionObserver() = default;
    /// Both of the latent tokens.
    virtual void selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys) = 0;
    /// Queries of the latent tokens, keys of the context; logitBias [B, S] or undefined.
    virtual void crossAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys,
                                const at::Tensor& logitBias) = 0;
};

/// An observer and the block that speaks to it; nobody by default.
struct AttentionWatch {
    AttentionObserver* observer = nullptr;
    std::int64_t block = 0;
};

} // namespace nanodit
