#include "core/model/attention.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace nanodit {

namespace {

/// Logits that a block of queries may hold at once: 16 Mi elements are 64 MB in float32.
constexpr std::int64_t blockElements = std::int64_t{1} << 24;

struct Shape {
    std::int64_t batch, heads, queries, keys, width;
    double scale() const { return 1 / std::sqrt(static_cast<double>(width)); }
    std::int64_t queriesPerBlock() const
    {
        return std::clamp<std::int64_t>(blockElements / (batch * heads * keys), 1, queries);
    }
};

Shape shapeOf(const at::Tensor& q, const at::Tensor& k)
{
    return {.batch = q.size(0), .heads = q.size(1), .queries = q.size(2), .keys = k.size(2), .width = q.size(3)};
}

/// [B, heads, L, d] -> [B * heads, L, d]
at::Tensor flat(const at::Tensor& x)
{
    return x.reshape({x.size(0) * x.size(1), x.size(2), x.size(3)});
}

/// [B, S] -> [B * heads, 1, S], or undefined.
at::Tensor biasPerHead(const at::Tensor& bias, std::int64_t heads)
{
    if (!bias.defined())
        return bias;
    return bias.unsqueeze(1).expand({bias.size(0), heads, bias.size(1)}).reshape({-1, 1, bias.size(1)});
}

/// What autograd is not to see, and that may be undefined.
struct Constants {
    at::Tensor keyBias;          ///< [n, 1, S], n = batch * heads
    at::Tensor queryAt, patchAt; ///< As DistancePrior has them.
};

/// Some queries of every head: l of them, from `begin`.
struct QueryBlock {
    std::int64_t begin, count;
    at::Tensor of(const at::Tensor& x) const { return x.narrow(1, begin, count); }
    at::Tensor places(const Constants& constants) const // [l, 2]
    {
        return constants.queryAt.narrow(0, begin, count);
    }
};

/// q [n, L, d], k [n, S, d], strengths [n] or empty -> [n, l, S] in float32.
at::Tensor probabilities(const QueryBlock& block, const at::Tensor& q, const at::Tensor& k, const at::Tensor& strengths,
                         const Constants& constants, double scale)
{
    auto logits = at::bmm(block.of(q), k.transpose(1, 2)).to(at::kFloat).mul_(scale);
    if (constants.keyBias.defined())
        logits.add_(constants.keyBias);
    if (strengths.numel() > 0)
        addPrior(logits, strengths, block.places(constants), constants.patchAt);
    return at::softmax(logits, -1);
}

class Attend : public torch::autograd::Function<Attend> {
public:
    /// strengths [batch * heads], or empty without a prior.
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& q4, const at::Tensor& k4,
                              const at::Tensor& v4, const at::Tensor& strengths, const Constants& constants)
    {
        const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
        const auto shape = shapeOf(q4, k4);
        const auto q = flat(q4), k = flat(k4), v = flat(v4);
        auto out = at::empty_like(q);
        const auto rows = shape.queriesPerBlock();
        for (std::int64_t begin = 0; begin < shape.queries; begin += rows) {
            const QueryBlock block{begin, std::min(rows, shape.queries - begin)};
            const auto p = probabilities(block, q, k, strengths, constants, shape.scale());
            block.of(out).copy_(at::bmm(p.to(v.scalar_type()), v));
        }
        context->save_for_backward({q, k, v, out, strengths, constants.keyBias, constants.queryAt, constants.patchAt});
        context->saved_data["heads"] = shape.heads;
        return out.view(q4.sizes());
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients)
    {
        const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
        const auto saved = context->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2], &out = saved[3], &strengths = saved[4];
        const Constants constants{.keyBias = saved[5], .queryAt = saved[6], .patchAt = saved[7]};
        const auto heads = context->saved_data["heads"].toInt();
        const Shape shape{
            .batch = q.size(0) / heads, .heads = heads, .queries = q.size(1), .keys = k.size(1), .width = q.size(2)};
        const auto type = q.scalar_type();
        const auto outGradient = flat(gradients[0]);
        // Row sums of P * dP, which the softmax's derivative subtracts: sum_s p_s (dO . v_s) = dO . O (Dao et al.
        // 2022).
        const auto rowSums = (outGradient.to(at::kFloat) * out).sum(-1, true);
        auto qGradient = at::empty_like(q);
        auto kGradient = at::zeros(k.sizes(), k.options().dtype(at::kFloat));
        auto vGradient = at::zeros(v.sizes(), v.options().dtype(at::kFloat));
        auto strengthGradient = at::zeros_like(strengths);
        const auto rows = std::max<std::int64_t>(1, shape.queriesPerBlock() / 2);
        for (std::int64_t begin = 0; begin < shape.queries; begin += rows) {
            const QueryBlock block{begin, std::min(rows, shape.queries - begin)};
            const auto qBlock = block.of(q), dBlock = block.of(outGradient);
            const auto p = probabilities(block, q, k, strengths, constants, shape.scale());
            vGradient.add_(at::bmm(p.to(type).transpose(1, 2), dBlock));
            auto dLogits = at::bmm(dBlock, v.transpose(1, 2)).to(at::kFloat);
            dLogits.sub_(block.of(rowSums)).mul_(p);
            if (strengths.numel() > 0) {
                const auto patches = constants.patchAt.size(0);
                const auto onPatches = dLogits.narrow(2, shape.keys - patches, patches);
                strengthGradient.sub_((onPatches * squaredDistances(block.places(constants), constants.patchAt))
                                          .sum(at::IntArrayRef{1, 2}));
            }
            const auto narrow = dLogits.mul_(shape.scale()).to(type);
            block.of(qGradient).copy_(at::bmm(narrow, k));
            kGradient.add_(at::bmm(narrow.transpose(1, 2), qBlock));
        }
        const auto wide = [&shape](const at::Tensor& x) {
            return x.view({shape.batch, shape.heads, x.size(1), x.size(2)});
        };
        return {wide(qGradient), wide(kGradient.to(type)), wide(vGradient.to(type)), strengthGradient, at::Tensor()};
    }
};

} // namespace

DistancePrior DistancePrior::of(std::int64_t sample) const
{
    if (!defined())
        return {};
    return {.strengths = strengths.detach().narrow(0, sample, 1), .queryAt = queryAt, .patchAt = patchAt};
}

at::Tensor squaredDistances(const at::Tensor& queryAt, const at::Tensor& patchAt)
{
    return (queryAt.unsqueeze(1) - patchAt.unsqueeze(0)).square().sum(-1);
}

void addPrior(const at::Tensor& logits, const at::Tensor& strengths, const at::Tensor& queryAt,
              const at::Tensor& patchAt)
{
    const auto patches = patchAt.size(0);
    logits.narrow(2, logits.size(2) - patches, patches)
        .addcmul_(strengths.view({-1, 1, 1}), squaredDistances(queryAt, patchAt), -1);
}

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& logitBias,
                  const DistancePrior& prior)
{
    // Autograd of LibTorch 1.13 takes no undefined tensor, so that no prior is an empty one.
    const auto strengths = prior.defined() ? prior.strengths.flatten() : at::empty({0}, q.options().dtype(at::kFloat));
    return Attend::apply(
        q, k, v, strengths,
        Constants{.keyBias = biasPerHead(logitBias, q.size(1)), .queryAt = prior.queryAt, .patchAt = prior.patchAt});
}

} // namespace nanodit
