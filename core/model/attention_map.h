#pragma once

/// What latent tokens attend to, in the tokens as a person thinks of them: T of text, one CLS, N patches, whatever the
/// fewer columns that a context holds for them. Nothing here holds more than a few megabytes of probabilities at a
/// time: everything streams over the latent tokens.
/// Shapes: H heads, L latent tokens, S columns of the context, M = T + 1 + N shown tokens.

#include "core/model/attention_observer.h"
#include "core/model/context.h"

#include <functional>
#include <map>
#include <optional>
#include <span>

namespace nanodit {

/// How one sample's context lies in columns, and what a person sees of it.
struct ContextLayout {
    SegmentKind text = SegmentKind::Empty, patches = SegmentKind::Empty;
    std::int64_t textColumns = 0, patchColumns = 0;
    std::int64_t textTokens = 0; ///< T
    GridSize patchGrid;          ///< Its count is N; empty for a model without patches.
    GridSize latentGrid;

    static ContextLayout of(const ConditionContext& context, std::int64_t sample, GridSize patchGrid,
                            GridSize latentGrid);
    std::int64_t clsColumn() const { return textColumns; }
    std::int64_t shownTokens() const { return textTokens + 1 + patchGrid.count(); }
    /// Where a latent token lies among the patches, in patches: {row, column} of its centre. Patch (r, c) lies at {r,
    /// c}.
    std::array<double, 2> placeAmongPatches(std::int64_t latent) const;
    /// The columns that shown tokens (0 ... M - 1) are in, and the part of each column that they are: a null's only
    /// column stands for many. Padding is in none.
    std::map<std::int64_t, double> columnsOf(std::span<const std::int64_t> shownTokens) const;
};

/// What a block mixes by its probabilities and multiplies the mix by.
struct MixedValues {
    at::Tensor values;     ///< [H, S, d]
    at::Tensor outWeight;  ///< [D, D], D = H d
    at::Tensor clsValue{}; ///< [H, 1, d]: where defined, stands for the column of values at layout.clsColumn().

    bool defined() const { return values.defined(); }
};

/// A block's attention over all latent tokens, as numbers of each.
struct AttentionSummary {
    at::Tensor shares;   ///< [H, L, 3]: mass on text, CLS, patches; sums to 1.
    at::Tensor entropy;  ///< [H, L], nats, over shown tokens (0 ... ln M).
    at::Tensor centre;   ///< [H, L, 2]: centre of mass over patches, {row, column}; undefined without patches.
    at::Tensor distance; ///< [H, L]: of that centre from the latent's own place, in patches; undefined without.
    at::Tensor received; ///< [H, M]: mean over latents of the mass on each shown token.
    at::Tensor byRow;    ///< [H, latent rows, patch rows]: mean mass that latents of a row give patches of a row.
    at::Tensor byColumn; ///< The same for columns.
    at::Tensor logSums;  ///< [H, L]: log of the softmax's denominator; what onLatents() needs.
    // Of a map that knows values (alpha: probabilities; W_o: outWeight); else undefined.
    at::Tensor added;      ///< [L, 3]: |sum over heads and tokens of alpha v W_o| of text, CLS, patches.
    at::Tensor addedByOne; ///< [H, M]: mean over latents of alpha |v W_o| of each shown token.
};

class CrossAttentionMap {
public:
    /// One sample's of what a block compared, by reference but for what is not float32.
    CrossAttentionMap(const CrossAttentionInputs& inputs, std::int64_t sample, const ContextLayout& layout);
    /// queries [H, L, d]; keys [H, S, d]; logitBias [S] or undefined; prior's strengths [1, H]. `clsKey` [H, 1, d],
    /// where defined, stands for the column of keys at layout.clsColumn(), which depends on t and may have been
    /// overwritten.
    CrossAttentionMap(at::Tensor queries, at::Tensor keys, at::Tensor logitBias, const ContextLayout& layout,
                      at::Tensor clsKey = {}, DistancePrior prior = {}, MixedValues mixed = {});
    /// The same map with contributions in the place of probabilities: alpha |v W_o| of each token through a head,
    /// divided by their sum (Kobayashi et al. 2020). Where a head adds nothing at all, probabilities stay. Needs
    /// values.
    CrossAttentionMap byContribution() const;

    /// Of chosen latents: [H, n, M]; rows sum to 1. Holds H * n * M numbers: for a few.
    at::Tensor probabilities(std::span<const std::int64_t> latents) const;
    using StopCheck = std::function<bool()>;
    /// Mean over chosen latents (at least one): [H, M]; undefined when `stop` said so.
    at::Tensor mean(std::span<const std::int64_t> latents, const StopCheck& stop = {}) const;
    /// Over all latents; empty when `stop` said so.
    std::optional<AttentionSummary> summary(const StopCheck& stop = {}) const;
    /// Only the summary's logSums, [H, L], in a fraction of its time; undefined when `stop` said so.
    at::Tensor logSums(const StopCheck& stop = {}) const;
    /// The other way: the mass that each latent gives to chosen shown tokens (0 ... M - 1) together: [H, L].
    at::Tensor onLatents(std::span<const std::int64_t> shownTokens, const at::Tensor& logSums) const;

    std::int64_t latents() const { return queries_.size(1); }
    std::int64_t heads() const { return queries_.size(0); }
    const ContextLayout& layout() const { return layout_; }

private:
    /// Some heads of some latents, as many as are worked on at a time.
    struct Piece {
        std::int64_t head, heads, latent, latents;
        /// The piece of a tensor [H, L, ...].
        at::Tensor of(const at::Tensor& whole) const { return whole.narrow(0, head, heads).narrow(1, latent, latents); }
    };
    /// Pieces that cover heads() x latents; whole heads of many latents each, since the keys are read once a piece.
    /// All heads of the same latents come one after the other.
    std::vector<Piece> pieces(std::int64_t latents) const;
    /// Queries of some heads and latents, and where those latents are (undefined without a prior).
    struct Queries {
        at::Tensor queries; ///< [h, n, d]
        at::Tensor places;  ///< [n, 2]
        std::int64_t head;  ///< The first of the h.
    };
    Queries queriesOf(const Piece& piece) const;
    Queries queriesOf(std::int64_t head, std::int64_t heads, const at::Tensor& latents) const;
    /// [h, n, S], without logitBias.
    at::Tensor logits(const Queries& of) const;
    at::Tensor withBias(const at::Tensor& logits) const;
    at::Tensor asShown(const at::Tensor& columns) const;
    /// |v W_o| of every column through each head: [H, S].
    at::Tensor valueLengths() const;
    /// Mixes values by the probabilities p [h, n, S] of some heads: text, CLS and patches apart, [3, h, n, d].
    at::Tensor mixedBySegment(const at::Tensor& p, std::int64_t head) const;

    at::Tensor queries_, keys_, logitBias_, clsKey_;
    at::Tensor logLengths_; ///< [H, S]: ln of valueLengths(), in a map of contributions; else undefined.
    DistancePrior prior_;
    MixedValues mixed_;
    ContextLayout layout_;
};

/// Mean over chosen latents of their self attention. queries, keys [H, L, d] -> [H, L], each summing to 1.
at::Tensor meanSelfAttention(const at::Tensor& queries, const at::Tensor& keys, std::span<const std::int64_t> latents);

/// What `distance` would be on average if every latent spread its attention evenly over the patches: what an alignment
/// score is to be compared with. In patches.
double evenAlignment(const ContextLayout& layout);

} // namespace nanodit
