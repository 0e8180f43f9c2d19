#include "core/kernels/attention_kernel.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>

namespace nanodit {

namespace {

/// Logits that a block may hold at once: 16 Mi elements are 64 MB in float32.
constexpr std::int64_t blockElements = std::int64_t{1} << 24;
/// Fewer would make products of k and v that mostly wait for memory: rather take fewer heads at once.
constexpr std::int64_t leastQueries = 256;

at::ScalarType sumType(const at::Tensor& x)
{
    return x.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
}

/// a b in float32, or float64 of float64. LibTorch rounds a product of bf16 to bf16, a logit of 100 by up to 1/4. The
/// wide copies of the factors are of one block's heads, and lose nothing as TensorFloat-32.
at::Tensor wideProduct(const at::Tensor& a, const at::Tensor& b)
{
    return at::bmm(a.to(sumType(a)), b.to(sumType(b)));
}

/// [B, heads, L, d] -> [B * heads, L, d]
at::Tensor flat(const at::Tensor& x)
{
    return x.reshape({x.size(0) * x.size(1), x.size(2), x.size(3)});
}

/// [n, tokens, d] -> [B, heads, tokens, d]
at::Tensor perHead(const at::Tensor& x, std::int64_t heads)
{
    return x.view({x.size(0) / heads, heads, x.size(1), x.size(2)});
}

/// Some queries of some heads of some samples, n = batch * heads.
struct Block {
    std::int64_t head, heads, query, queries;

    at::Tensor queriesOf(const at::Tensor& x) const // [n, L, ...]
    {
        return headsOf(x).narrow(1, query, queries);
    }
    at::Tensor headsOf(const at::Tensor& x) const { return x.narrow(0, head, heads); }
};

/// What is added to the logits, by head.
struct Additions {
    double scale;
    at::Tensor bias;      ///< [n, L or 1, S], or undefined.
    at::Tensor strengths; ///< [n], or undefined.
    at::Tensor queryAt, patchAt;

    Additions(const AttentionTerms& terms, const at::Tensor& q, std::int64_t keys)
        : scale(terms.scale)
    {
        const auto batch = q.size(0), heads = q.size(1);
        if (terms.bias.defined()) {
            const auto rows = terms.bias.dim() < 2 ? 1 : terms.bias.size(-2);
            bias = terms.bias.expand({batch, heads, rows, keys}).reshape({batch * heads, rows, keys});
        }
        if (terms.prior.defined()) {
            strengths = terms.prior.strengths.reshape({-1});
            queryAt = terms.prior.queryAt;
            patchAt = terms.prior.patchAt;
        }
    }

    at::Tensor places(const Block& block) const { return queryAt.narrow(0, block.query, block.queries); } // [l, 2]

    /// In float32, or float64 of float64.
    at::Tensor logits(const Block& block, const at::Tensor& q, const at::Tensor& k) const // [h, l, S]
    {
        auto z = wideProduct(block.queriesOf(q), block.headsOf(k).transpose(1, 2)).mul_(scale);
        if (bias.defined())
            z.add_(bias.size(1) == 1 ? block.headsOf(bias) : block.queriesOf(bias));
        if (strengths.defined())
            addPrior(z, block.headsOf(strengths), places(block), patchAt);
        return z;
    }
};

template<typename Action>
void eachBlock(std::int64_t heads, std::int64_t queries, std::int64_t keys, std::int64_t elements, Action&& action)
{
    const auto rows = std::clamp<std::int64_t>(elements / std::max<std::int64_t>(1, heads * keys),
                                               std::min(leastQueries, queries), queries);
    const auto headsAtOnce = std::clamp<std::int64_t>(elements / std::max<std::int64_t>(1, rows * keys), 1, heads);
    for (std::int64_t head = 0; head < heads; head += headsAtOnce)
        for (std::int64_t query = 0; query < queries; query += rows)
            action(Block{.head = head,
                         .heads = std::min(headsAtOnce, heads - head),
                         .query = query,
                         .queries = std::min(rows, queries - query)});
}

class BlockAttention : public AttentionKernel {
public:
    AttentionOutput forward(const at::Tensor& q4, const at::Tensor& k4, const at::Tensor& v4,
                            const AttentionTerms& terms) const override
    {
        const auto q = flat(q4), k = flat(k4), v = flat(v4);
        const Additions additions(terms, q4, k4.size(2));
        const auto shape = q4.sizes();
        auto values = emptyByToken(q4);
        auto out = at::empty_like(q);
        auto logSums = at::empty({q.size(0), q.size(1)}, q.options().dtype(sumType(q)));
        eachBlock(q.size(0), q.size(1), k.size(1), blockElements, [&](const Block& block) {
            auto z = additions.logits(block, q, k);
            const auto sums = at::logsumexp(z, at::IntArrayRef{-1}); // [h, l]
            block.queriesOf(logSums).copy_(sums);
            const auto p = z.sub_(sums.unsqueeze(-1)).exp_();
            block.queriesOf(out).copy_(at::bmm(p.to(v.scalar_type()), block.headsOf(v)));
        });
        values.copy_(perHead(out, shape[1]));
        return {.values = values, .logSums = logSums.view({shape[0], shape[1], shape[2]})};
    }

    AttentionGradients backward(const at::Tensor& gradient, const at::Tensor& q4, const at::Tensor& k4,
                                const at::Tensor& v4, const AttentionOutput& output,
                                const AttentionTerms& terms) const override
    {
        const auto q = flat(q4), k = flat(k4), v = flat(v4), out = flat(output.values), dOut = flat(gradient);
        const auto logSums = output.logSums.reshape({q.size(0), q.size(1), 1});
        const Additions additions(terms, q4, k4.size(2));
        const auto type = q.scalar_type(), wide = sumType(q);
        // Row sums of P * dP, which the softmax's derivative subtracts: sum_s p_s (dO . v_s) = dO . O (Dao et al.
        // 2022).
        const auto rowSums = (dOut.to(wide) * out).sum(-1, true);
        auto dQ = at::empty_like(q);
        auto dK = at::zeros(k.sizes(), k.options().dtype(wide)), dV = at::zeros(v.sizes(), v.options().dtype(wide));
        at::Tensor dStrengths;
        if (additions.strengths.defined())
            dStrengths = at::zeros_like(additions.strengths);
        eachBlock(q.size(0), q.size(1), k.size(1), blockElements / 2, [&](const Block& block) {
            const auto p = additions.logits(block, q, k).sub_(block.queriesOf(logSums)).exp_();
            const auto dBlock = block.queriesOf(dOut);
            block.headsOf(dV).add_(at::bmm(p.to(type).transpose(1, 2), dBlock));
            auto dZ = wideProduct(dBlock, block.headsOf(v).transpose(1, 2));
            dZ.sub_(block.queriesOf(rowSums)).mul_(p);
            if (dStrengths.defined()) {
                const auto patches = additions.patchAt.size(0);
                const auto onPatches = dZ.narrow(2, k.size(1) - patches, patches);
                block.headsOf(dStrengths)
                    .sub_((onPatches * squaredDistances(additions.places(block), additions.patchAt))
                              .sum(at::IntArrayRef{1, 2}));
            }
            const auto narrow = dZ.mul_(additions.scale).to(type);
            block.queriesOf(dQ).copy_(at::bmm(narrow, block.headsOf(k)));
            block.headsOf(dK).add_(at::bmm(narrow.transpose(1, 2), block.queriesOf(q)));
        });
        const auto heads = q4.size(1);
        return {.q = perHead(dQ, heads),
                .k = perHead(dK.to(type), heads),
                .v = perHead(dV.to(type), heads),
                .strengths = dStrengths.defined() ? dStrengths.view({q4.size(0), heads}) : dStrengths};
    }
};

} // namespace

at::Tensor emptyByToken(const at::Tensor& like, at::ScalarType type)
{
    const auto heads = like.size(1), tokens = like.size(2), width = like.size(3);
    return at::empty_strided(like.sizes(), {tokens * heads * width, width, heads * width, 1},
                             like.options().dtype(type));
}

const AttentionKernel& blockAttention()
{
    static const BlockAttention kernel;
    return kernel;
}

} // namespace nanodit
