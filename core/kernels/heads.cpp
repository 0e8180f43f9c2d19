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

at::Tensor denseChannels(const at::Tensor& x)
{
    return x.stride(3) == 1 ? x : x.contiguous();
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
    const auto x = denseChannels(given);
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
                              .element = elementOf(x),
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

/// x [B, heads, n, d] cut into tokens of one sample, which threads share out. What is summed over tokens is summed
/// within a block and then over blocks, so that a result does not depend on the number of threads.
class TokenBlocks {
public:
    explicit TokenBlocks(const at::Tensor& x)
        : tokens_(x.size(2))
        , ofSample_((tokens_ + tokensOfBlock - 1) / tokensOfBlock)
        , count_(x.size(0) * ofSample_)
        , elementsOfToken_(x.size(1) * x.size(3))
    {
    }

    struct Block {
        std::int64_t index, sample, first, tokens; ///< `index` among those of all samples.
    };

    template<typename Action>
    void each(Action&& action) const
    {
        const auto grain =
            std::max<std::int64_t>(1, elementsOfThread / (tokensOfBlock * std::max<std::int64_t>(1, elementsOfToken_)));
        at::parallel_for(0, count_, grain, [&](std::int64_t begin, std::int64_t end) {
            for (auto index = begin; index < end; ++index) {
                const auto first = index % ofSample_ * tokensOfBlock;
                action(Block{.index = index,
                             .sample = index / ofSample_,
                             .first = first,
                             .tokens = std::min(tokensOfBlock, tokens_ - first)});
            }
        });
    }

    std::int64_t count() const { return count_; }

private:
    static constexpr std::int64_t tokensOfBlock = 64, elementsOfThread = 1 << 15;
    std::int64_t tokens_, ofSample_, count_, elementsOfToken_;
};

HeadStrides stridesOf(const at::Tensor& x)
{
    return {.token = x.stride(2), .head = x.stride(1)};
}

void* firstOf(const at::Tensor& x, const TokenBlocks::Block& block)
{
    return elementsOf(x, block.sample * x.stride(0) + block.first * x.stride(2));
}

class NormedHeads : public torch::autograd::Function<NormedHeads> {
public:
    static at::Tensor forward(AutogradContext* context, const at::Tensor& given, const at::Tensor& givenWeight,
                              double eps)
    {
        const auto x = denseChannels(given), weight = givenWeight.contiguous();
        const auto y = emptyByToken(x);
        const auto factors = at::empty({x.size(0), x.size(2), x.size(1)}, x.options().dtype(at::kFloat));
        TokenBlocks(x).each([&](const TokenBlocks::Block& block) {
            rowKernel().normHeads({.tokens = block.tokens,
                                   .heads = x.size(1),
                                   .width = x.size(3),
                                   .element = elementOf(x),
                                   .x = firstOf(x, block),
                                   .xStrides = stridesOf(x),
                                   .weight = weight.data_ptr<float>(),
                                   .eps = static_cast<float>(eps),
                                   .y = firstOf(y, block),
                                   .yStrides = stridesOf(y),
                                   .factors = factorsOf(factors, block)});
        });
        context->save_for_backward({x, weight, factors});
        return y;
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients)
    {
        const auto saved = context->get_saved_variables();
        const auto &x = saved[0], &weight = saved[1], &factors = saved[2];
        const auto gradient = denseChannels(gradients[0]);
        const auto xGradient = emptyByToken(x);
        const TokenBlocks blocks(x);
        const auto sums = at::empty({blocks.count(), x.size(3)}, factors.options());
        blocks.each([&](const TokenBlocks::Block& block) {
            rowKernel().normHeadsBackward({.tokens = block.tokens,
                                           .heads = x.size(1),
                                           .width = x.size(3),
                                           .element = elementOf(x),
                                           .x = firstOf(x, block),
                                           .yGradient = firstOf(gradient, block),
                                           .xStrides = stridesOf(x),
                                           .yGradientStrides = stridesOf(gradient),
                                           .weight = weight.data_ptr<float>(),
                                           .factors = factorsOf(factors, block),
                                           .xGradient = firstOf(xGradient, block),
                                           .xGradientStrides = stridesOf(xGradient),
                                           .weightGradient = sums.data_ptr<float>() + block.index * x.size(3)});
        });
        return {xGradient, sums.sum(0), at::Tensor()};
    }

private:
    /// factors [B, n, heads]
    static float* factorsOf(const at::Tensor& factors, const TokenBlocks::Block& block)
    {
        return factors.data_ptr<float>() + (block.sample * factors.size(1) + block.first) * factors.size(2);
    }
};

at::Tensor normedByOperations(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    const auto wide = x.to(at::kFloat);
    return (wide * at::rsqrt(wide.square().mean(-1, true) + eps) * weight).to(x.scalar_type());
}

/// [B, n, parts * heads * d] -> [parts, B, heads, n, d], a view
at::Tensor byHeads(const at::Tensor& x, std::int64_t parts, std::int64_t heads)
{
    return x.view({x.size(0), x.size(1), parts, heads, x.size(2) / parts / heads}).permute({2, 0, 3, 1, 4});
}

/// Views whose gradients are copied into that of the product in one sweep; autograd's own would stack them first.
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
        const auto shape = context->saved_data["shape"].toIntVector(); // [B, n, parts * heads * d]
        const auto joined = at::empty(shape, given->options());
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
    if (parts == 1) // whose gradient lies as the product's does, without a copy
        return {x.view({x.size(0), x.size(1), heads, x.size(2) / heads}).transpose(1, 2)};
    if (!at::GradMode::is_enabled() || !x.requires_grad())
        return byHeads(x, parts, heads).unbind(0);
    return SplitHeads::apply(x, parts, heads);
}

at::Tensor joinHeads(const at::Tensor& x)
{
    return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)});
}

at::Tensor turnedHeads(const at::Tensor& x, const at::Tensor& cosines, const at::Tensor& sines)
{
    const bool plain = isForKernels(x) && cosines.scalar_type() == at::kFloat && sines.scalar_type() == at::kFloat;
    return plain ? TurnedHeads::apply(x, cosines, sines) : turnedByOperations(x, cosines, sines);
}

at::Tensor normedHeads(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    const bool plain = isForKernels(x) && weight.is_cpu() && weight.scalar_type() == at::kFloat;
    return plain ? NormedHeads::apply(x, weight, eps) : normedByOperations(x, weight, eps);
}

} // namespace nanodit
