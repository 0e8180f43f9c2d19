#include "core/kernels/heads.h"

#include "core/kernels/attention_kernel.h"
#include "core/kernels/row_kernel.h"
#include "core/kernels/tensor_memory.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>

namespace nanodit {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::tensor_list;

bool isForRows(const at::Tensor& x)
{
    return x.is_cpu() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

/// [1 or B, 1, m, d / 2] -> the same, contiguous, and how far one sample's are from the next one's.
struct Angles {
    at::Tensor values;
    std::int64_t stride;

    explicit Angles(const at::Tensor& given)
        : values(given.contiguous())
        , stride(values.size(0) == 1 ? 0 : values.size(2) * values.size(3))
    {
    }
};

at::Tensor turnedByKernel(const at::Tensor& given, const at::Tensor& givenCosines, const at::Tensor& givenSines,
                          float direction)
{
    const auto x = given.stride(3) == 1 ? given : given.contiguous();
    const auto y = emptyByToken(x);
    const Angles cosines(givenCosines), sines(givenSines);
    const auto heads = x.size(1), tokens = x.size(2), half = x.size(3) / 2;
    const auto resting = tokens - cosines.values.size(2);
    constexpr std::int64_t elementsOfThread = 1 << 15;
    const auto grain = std::max<std::int64_t>(1, elementsOfThread / std::max<std::int64_t>(1, 2 * heads * half));
    for (std::int64_t sample = 0; sample < x.size(0); ++sample) {
        at::parallel_for(0, tokens, grain, [&](std::int64_t begin, std::int64_t end) {
            const auto turned = std::max<std::int64_t>(0, begin - resting) * half;
            rowKernel().turn({.tokens = end - begin,
                              .heads = heads,
                              .half = half,
                              .resting = std::max<std::int64_t>(0, resting - begin),
                              .element = x.scalar_type() == at::kBFloat16 ? Element::Bf16 : Element::Float,
                              .x = elementsOf(x, sample * x.stride(0) + begin * x.stride(2)),
                              .xTokenStride = x.stride(2),
                              .xHeadStride = x.stride(1),
                              .y = elementsOf(y, sample * y.stride(0) + begin * y.stride(2)),
                              .yTokenStride = y.stride(2),
                              .yHeadStride = y.stride(1),
                              .cosines = cosines.values.data_ptr<float>() + sample * cosines.stride + turned,
                              .sines = sines.values.data_ptr<float>() + sample * sines.stride + turned,
                              .direction = direction});
        });
    }
    return y;
}

class TurnedHeads : public torch::autograd::Function<TurnedHeads> {
public:
    static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& cosines,
                              const at::Tensor& sines)
    {
        context->save_for_backward({cosines, sines});
        return turnedByKernel(x, cosines, sines, 1);
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients)
    {
        const auto saved = context->get_saved_variables();
        return {turnedByKernel(gradients[0], saved[0], saved[1], -1), at::Tensor(), at::Tensor()};
    }
};

at::Tensor turnedByOperations(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines)
{
    const auto turning = cosines.size(2), resting = x.size(2) - turning, half = x.size(3) / 2;
    const auto wide = x.narrow(2, resting, turning).to(at::kFloat);
    const auto a = wide.narrow(-1, 0, half), b = wide.narrow(-1, half, half);
    const auto turned = at::cat({a * cosines - b * sines, a * sines + b * cosines}, -1).to(x.scalar_type());
    return resting == 0 ? turned : at::cat({x.narrow(2, 0, resting), turned}, 2);
}

/// [B, n, parts * heads * d] -> [parts, B, heads, n, d], a view
at::Tensor byHeads(const at::Tensor& x, std::int64_t parts, std::int64_t heads)
{
    return x.view({x.size(0), x.size(1), parts, heads, x.size(2) / parts / heads}).permute({2, 0, 3, 1, 4});
}

/// Views whose gradients are written where the product's gradient has them; autograd's own would stack them first.
class SplitHeads : public torch::autograd::Function<SplitHeads> {
public:
    static tensor_list forward(AutogradContext* context, const at::Tensor& x, std::int64_t parts, std::int64_t heads)
    {
        context->saved_data["shape"] = x.sizes().vec();
        context->saved_data["heads"] = heads;
        context->set_materialize_grads(false);
        tensor_list views;
        for (const auto& part : byHeads(x, parts, heads).unbind(0))
            views.push_back(part.detach());
        return views;
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients)
    {
        const auto given = std::find_if(gradients.begin(), gradients.end(),
                                        [](const at::Tensor& gradient) { return gradient.defined(); });
        if (given == gradients.end())
            return {at::Tensor(), at::Tensor(), at::Tensor()};
        const auto joined = at::empty(context->saved_data["shape"].toIntVector(), given->options());
        const auto parts =
            byHeads(joined, static_cast<std::int64_t>(gradients.size()), context->saved_data["heads"].toInt())
                .unbind(0);
        for (std::size_t i = 0; i < parts.size(); ++i) {
            if (gradients[i].defined())
                parts[i].copy_(gradients[i]);
            else
                parts[i].zero_();
        }
        return {joined, at::Tensor(), at::Tensor()};
    }
};

} // namespace

std::vector<at::Tensor> splitHeads(const at::Tensor& x, std::int64_t parts, std::int64_t heads)
{
    if (!at::GradMode::is_enabled() || !x.requires_grad())
        return byHeads(x, parts, heads).unbind(0);
    return SplitHeads::apply(x, parts, heads);
}

at::Tensor turnedHeads(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines)
{
    const bool plain = isForRows(x) && cosines.scalar_type() == at::kFloat && sines.scalar_type() == at::kFloat;
    return plain ? TurnedHeads::apply(x, cosines, sines) : turnedByOperations(x, cosines, sines);
}

} // namespace nanodit
