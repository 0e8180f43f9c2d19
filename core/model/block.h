#pragma once

/// The parts of a NanoDiT block. Shapes: B samples, L latent tokens, S context tokens, D hidden width.

#include "core/config/model_config.h"
#include "core/model/attention_observer.h"
#include "core/model/context.h"
#include "core/model/layers.h"

namespace nanodit {

class SelfAttention {
public:
    SelfAttention(ParameterMaker& make, const std::string& name, const ModelConfig& config);
    /// x [B, L, D] -> [B, L, D]
    at::Tensor operator()(const at::Tensor& x, const AttentionWatch& watch = {}) const;

private:
    std::int64_t heads_;
    Linear qkv_, proj_;
    RmsNorm qNorm_, kNorm_;
};

class CrossAttention {
public:
    CrossAttention(ParameterMaker& make, const std::string& name, const ModelConfig& config);
    /// Of context tokens [B, S, D], whose last are the patches; without `places` none of them is turned.
    KeyValues keyValues(const at::Tensor& context, const ContextPlaces& places = {}) const;
    /// x [B, L, D] -> [B, L, D]
    at::Tensor operator()(const at::Tensor& x, const KeyValues& context, const ContextTerms& terms,
                          const AttentionWatch& watch = {}) const;
    /// How far each head looks: the distance in latent tokens at which its prior has fallen to exp(-1/2); [heads]
    /// float32, undefined without a prior.
    at::Tensor radii() const;

private:
    std::int64_t heads_;
    Linear q_, kv_, proj_;
    RmsNorm qNorm_, kNorm_;
    at::Tensor prior_; ///< [heads]: the prior's strength is its softplus. Undefined without one.
};

/// x += SA(mod(norm(x))); x += CA(mod(norm(x)), context); x += MLP(mod(norm(x))), where mod shifts and scales by what
/// adaLN makes of c (and, with Gate::AdalnZero, each sum is gated by it).
class DitBlock {
public:
    DitBlock(ParameterMaker& make, const std::string& name, const ModelConfig& config);
    /// x [B, L, D], c [B, D] -> [B, L, D]
    at::Tensor operator()(const at::Tensor& x, const at::Tensor& c, const KeyValues& context, const ContextTerms& terms,
                          const AttentionWatch& watch = {}) const;
    const CrossAttention& crossAttention() const { return crossAttention_; }

private:
    SelfAttention selfAttention_;
    CrossAttention crossAttention_;
    Linear fc1_, fc2_;
    Linear modulation_;
    std::int64_t modulations_; ///< 6, or 9 with gates.
};

} // namespace nanodit
