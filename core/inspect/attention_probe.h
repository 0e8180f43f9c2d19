#pragma once

#include "core/model/attention_map.h"
#include "core/model/attention_observer.h"

#include <map>
#include <set>

namespace nanodit {

/// Keeps the attention inputs of one evaluation of a model, for one sample of its batch: queries [H, L, d] of every
/// block (L * D floats each) and, by reference, the context's keys and values. Probabilities are computed only when a
/// map is requested.
class AttentionProbe : public AttentionObserver {
public:
    /// `selfBlocks`: blocks whose self attention is kept too (2 L * D floats each). The context's keys and
    /// values must not be changed while this lives, but for those of CLS.
    AttentionProbe(const ConditionContext& context, std::int64_t sample, GridSize patchGrid, GridSize latentGrid,
                   std::set<std::int64_t> selfBlocks = {});

    void selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys) override;
    void crossAttention(std::int64_t block, const CrossAttentionInputs& inputs) override;

    std::int64_t blocks() const { return static_cast<std::int64_t>(cross_.size()); }
    const ContextLayout& layout() const { return layout_; }
    const CrossAttentionMap& cross(std::int64_t block) const { return cross_.at(block); }
    bool hasSelf(std::int64_t block) const { return self_.contains(block); }
    /// Mean over chosen latents of what they attend to among themselves: [H, L].
    at::Tensor selfMean(std::int64_t block, std::span<const std::int64_t> latents) const;

private:
    struct Compared {
        at::Tensor queries, keys; ///< [H, L, d]
    };
    ContextLayout layout_;
    std::int64_t sample_;
    std::set<std::int64_t> selfBlocks_;
    std::map<std::int64_t, CrossAttentionMap> cross_;
    std::map<std::int64_t, Compared> self_;
};

} // namespace nanodit
