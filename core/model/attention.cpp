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

/// q [n, l, d], k [n, S, d], bias [n, 1, S] -> [n, l, S] in float32.
at::Tensor probabilities(const at::Tensor& q, const at::Tensor& k, const at::Tensor& bias, double scale)
{
    const auto logits = at::bmm(q, k.transpose(1, 2)).to(at::kFloat).mul_(scale);
    return at::softmax(bias.defined() ? logits.add_(bias) : logits, -1);
}

/// A tensor that autograd is not to see, and that may be undefined.
struct Constant {
    at::Tensor value;
};

class Attend : public torch::autograd::Function<Attend> {
public:
    static at::Tensor forward(torch::autograd::AutogradContext* context, const at::Tensor& q4, const at::Tensor& k4,
                              const at::Tensor& v4, const Constant& keyBias)
    {
        const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
        const auto shape = shapeOf(q4, k4);
        const auto q = flat(q4), k = flat(k4), v = flat(v4), bias = biasPerHead(keyBias.value, shape.heads);
        auto out = at::empty_like(q);
        const auto rows = shape.queriesPerBlock();
        for (std::int64_t begin = 0; begin < shape.queries; begin += rows) {
            const auto count = std::min(rows, shape.queries - begin);
            const auto p = probabilities(q.narrow(1, begin, count), k, bias, shape.scale());
            out.narrow(1, begin, count).copy_(at::bmm(p.to(v.scalar_type()), v));
        }
        context->save_for_backward({q, k, v, bias, out});
        context->saved_data["heads"] = shape.heads;
        return out.view(q4.sizes());
    }

    static torch::autograd::tensor_list backward(torch::autograd::AutogradContext* context,
                                                 torch::autograd::tensor_list gradients)
    {
        const c10::impl::ExcludeDispatchKeyGuard noAutocast(c10::autocast_dispatch_keyset);
        const auto saved = context->get_saved_variables();
        const auto &q = saved[0], &k = saved[1], &v = saved[2], &bias = saved[3], &out = saved[4];
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
        const auto rows = std::max<std::int64_t>(1, shape.queriesPerBlock() / 2);
        for (std::int64_t begin = 0; begin < shape.queries; begin += rows) {
            const auto count = std::min(rows, shape.queries - begin);
            const auto qBlock = q.narrow(1, begin, count), dBlock = outGradient.narrow(1, begin, count);
            const auto p = probabilities(qBlock, k, bias, shape.scale());
            vGradient.add_(at::bmm(p.to(type).transpose(1, 2), dBlock));
            auto dLogits = at::bmm(dBlock, v.transpose(1, 2)).to(at::kFloat);
            dLogits.sub_(rowSums.narrow(1, begin, count)).mul_(p).mul_(shape.scale());
            const auto narrow = dLogits.to(type);
            qGradient.narrow(1, begin, count).copy_(at::bmm(narrow, k));
            kGradient.add_(at::bmm(narrow.transpose(1, 2), qBlock));
        }
        const auto wide = [&shape](const at::Tensor& x) {
            return x.view({shape.batch, shape.heads, x.size(1), x.size(2)});
        };
        return {wide(qGradient), wide(kGradient.to(type)), wide(vGradient.to(type)), at::Tensor()};
    }
};

} // namespace

at::Tensor attend(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const at::Tensor& logitBias)
{
    return Attend::apply(q, k, v, Constant{logitBias});
}

} // namespace nanodit
