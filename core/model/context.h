#pragma once

/// What a NanoDiT attends to: the segments text | CLS | patches of every sample of a batch.
/// Shapes: B samples, T tokens of a padded text, N patches, D hidden width.

#include "core/geometry/bucket.h"
#include "core/model/places.h"
#include "core/runtime/compute.h"

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <vector>

namespace nanodit {

/// Conditions as encoders and files give them, all float32; masks lie on the CPU, where they are looked at.
struct Conditions {
    at::Tensor cls;                ///< [B, DINO width]
    at::Tensor patches;            ///< [B, N, DINO width]; undefined for a model without patches.
    GridSize patchGrid;            ///< Of the N patches.
    at::Tensor patchMask{};        ///< [B, N] bool, true for patches that are there; undefined: all are.
    at::Tensor text;               ///< [B, L, T5 width], L <= T
    at::Tensor textMask;           ///< [B, L] bool, true for valid tokens; undefined: all are.
    std::int64_t textTokens = 512; ///< T: what a null text stands for.

    /// The same with its tensors there but for masks; those that are there already are shared.
    Conditions to(const Compute& compute) const;
};

/// Samples whose text, or whose CLS and patches, are replaced by the learned nulls. An empty list drops none.
struct Drops {
    std::vector<bool> text, dino;
};

enum class SegmentKind { Real, Null, Empty };

/// The tokens of one segment, projected to the model's width, in the fewest that give the exact result: padding is left
/// out where the whole batch has it, and n equal null tokens are one whose attention logit has ln n added.
struct ContextSegment {
    std::vector<SegmentKind> kinds; ///< By sample.
    at::Tensor tokens;              ///< [B, S, D]; undefined when every sample's is empty.
    at::Tensor logitBias;           ///< [B, S]; undefined when every token counts once.
    std::int64_t shownTokens = 0;   ///< T or N: how many tokens these stand for in what a person is shown.

    std::int64_t size() const { return tokens.defined() ? tokens.size(1) : 0; }
};

/// Keys and values of a whole context in one block: [B, heads, S, D / heads] each.
struct KeyValues {
    at::Tensor keys, values;

    /// One sample's [1, ...] as seen by each of a batch: a view, of which nothing is copied.
    KeyValues forEach(std::int64_t samples) const;
};

/// What every block adds to the logits of its cross attention, besides what queries and keys say.
struct ContextTerms {
    at::Tensor logitBias; ///< [B, S]; undefined when it is zero everywhere.
    ContextPlaces places;

    /// One sample's as seen by each of a batch: views.
    ContextTerms forEach(std::int64_t samples) const;
};

/// A batch's context. Nothing in it depends on the flow time but the CLS token, which is added at each evaluation;
/// built once per picture (NanoDiT::context) and used for every step of a sampler. One of a single sample, with kept
/// keys and values, also serves a batch of pictures that have the same conditions (NanoDiT::velocity).
struct ConditionContext {
    ContextSegment text, patches;
    at::Tensor cls;                   ///< [B, D]: dino_proj(CLS), to which the timestep's embedding is added.
    ContextTerms terms;               ///< S = text + 1 + patches
    std::vector<KeyValues> keyValues; ///< By block, when kept; what stands at clsIndex() is filled in at each step.

    std::int64_t batch() const { return cls.size(0); }
    std::int64_t clsIndex() const { return text.size(); }
    /// T + 1 + N
    std::int64_t shownTokens() const { return text.shownTokens + 1 + patches.shownTokens; }
    /// [text | c | patches] for c [B, D] -> [B, S, D]
    at::Tensor tokens(const at::Tensor& c) const;
};

/// tokens [B, S, width] with those of dropped samples replaced by `null` [1, 1, width], before they are projected.
/// `nullCount`: how many tokens a null stands for. Sets all of `tokens` (unprojected), logitBias, kinds.
ContextSegment makeSegment(const at::Tensor& tokens, const at::Tensor& mask, const std::vector<bool>& dropped,
                           const at::Tensor& null, std::int64_t nullCount);

/// [B] bool.
at::Tensor sampleColumn(const std::vector<bool>& flags, at::Device device);

/// logitBias of the whole context from those of its segments.
at::Tensor joinLogitBias(const ConditionContext& context);

} // namespace nanodit
