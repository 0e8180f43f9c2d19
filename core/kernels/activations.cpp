#include "core/kernels/activations.h"

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

bool isFloatOnCpu(const at::Tensor& x)
{
    return x.is_cpu() && x.scalar_type() == at::kFloat;
}

float* floatsOf(const at::Tensor& x, std::int64_t first = 0)
{
    return x.data_ptr<float>() + first;
}

/// x [B, L, D] cut into blocks of rows of one sample, which threads share out. What is summed over rows is summed
/// within a block and then over blocks, so that a result does not depend on the number of threads.
class RowBlocks {
public:
    explicit RowBlocks(const at::Tensor& x)
        : samples_(x.size(0))
        , rows_(x.size(1))
        , width_(x.size(2))
        , blocks_((rows_ + rowsOfBlock - 1) / rowsOfBlock)
    {
    }

    struct Block {
        std::int64_t sample, index;  ///< `index` among those of all samples.
        std::int64_t firstRow, rows; ///< `firstRow` among those of all samples.
    };

    template<typename Action>
    void each(Action&& action) const
    {
        const auto grain =
            std::max<std::int64_t>(1, elementsOfThread / (rowsOfBlock * std::max<std::int64_t>(1, width_)));
        at::parallel_for(0, samples_ * blocks_, grain, [&](std::int64_t begin, std::int64_t end) {
            for (auto index = begin; index < end; ++index) {
                const auto sample = index / blocks_, row = index % blocks_ * rowsOfBlock;
                action(Block{.sample = sample,
                             .index = index,
                             .firstRow = sample * rows_ + row,
                             .rows = std::min(rowsOfBlock, rows_ - row)});
            }
        });
    }

    std::int64_t width() const { return width_; }
    /// Room for `count` sums over rows of every block: [count, B, blocks, D]
    at::Tensor emptySums(std::int64_t count, const at::Tensor& like) const
    {
        return at::empty({count, samples_, blocks_, width_}, like.options().dtype(at::kFloat));
    }

private:
    static constexpr std::int64_t rowsOfBlock = 64, elementsOfThread = 1 << 15;
    std::int64_t samples_, rows_, width_, blocks_;
};

class ModulatedNorm : public torch::autograd::Function<ModulatedNorm> {
public:
    static at::Tensor forward(AutogradContext* context, const at::Tensor& given, const at::Tensor& givenShift,
                              const at::Tensor& givenScale, double eps, at::ScalarType result)
    {
        const auto x = given.contiguous(), shift = givenShift.contiguous(), scale = givenScale.contiguous();
        const auto y = at::empty(x.sizes(), x.options().dtype(result));
        const auto statistics = at::empty({2, x.size(0) * x.size(1)}, x.options()); // means, factors
        const RowBlocks blocks(x);
        const auto width = blocks.width();
        blocks.each([&](const auto& block) {
            rowKernel().norm({.rows = block.rows,
                              .width = width,
                              .x = floatsOf(x, block.firstRow * width),
                              .shift = floatsOf(shift, block.sample * width),
                              .scale = floatsOf(scale, block.sample * width),
                              .eps = static_cast<float>(eps),
                              .y = elementsOf(y, block.firstRow * width),
                              .element = elementOf(result),
                              .means = floatsOf(statistics, block.firstRow),
                              .factors = floatsOf(statistics, statistics.size(1) + block.firstRow)});
        });
        context->save_for_backward({x, scale, statistics});
        return y;
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients)
    {
        const auto saved = context->get_saved_variables();
        const auto &x = saved[0], &scale = saved[1], &statistics = saved[2];
        const auto gradient = gradients[0].contiguous();
        const auto xGradient = at::empty_like(x);
        const RowBlocks blocks(x);
        const auto width = blocks.width();
        const auto sums = blocks.emptySums(2, x);
        const auto shiftSums = sums.select(0, 0), scaleSums = sums.select(0, 1);
        blocks.each([&](const auto& block) {
            rowKernel().normBackward({.rows = block.rows,
                                      .width = width,
                                      .x = floatsOf(x, block.firstRow * width),
                                      .yGradient = elementsOf(gradient, block.firstRow * width),
                                      .element = elementOf(gradient),
                                      .scale = floatsOf(scale, block.sample * width),
                                      .means = floatsOf(statistics, block.firstRow),
                                      .factors = floatsOf(statistics, statistics.size(1) + block.firstRow),
                                      .xGradient = floatsOf(xGradient, block.firstRow * width),
                                      .shiftGradient = floatsOf(shiftSums, block.index * width),
                                      .scaleGradient = floatsOf(scaleSums, block.index * width)});
        });
        const auto ofBoth = sums.sum(2);
        return {xGradient, ofBoth.select(0, 0), ofBoth.select(0, 1), at::Tensor(), at::Tensor()};
    }
};

class GatedSum : public torch::autograd::Function<GatedSum> {
public:
    /// gate [B, D], or empty for ones.
    static at::Tensor forward(AutogradContext* context, const at::Tensor& givenX, const at::Tensor& givenBranch,
                              const at::Tensor& givenGate)
    {
        const auto x = givenX.contiguous(), branch = givenBranch.contiguous(), gate = givenGate.contiguous();
        const bool gated = gate.numel() > 0;
        const auto y = at::empty_like(x);
        const RowBlocks blocks(x);
        const auto width = blocks.width();
        blocks.each([&](const auto& block) {
            rowKernel().gatedSum({.rows = block.rows,
                                  .width = width,
                                  .x = floatsOf(x, block.firstRow * width),
                                  .branch = elementsOf(branch, block.firstRow * width),
                                  .element = elementOf(branch),
                                  .gate = gated ? floatsOf(gate, block.sample * width) : nullptr,
                                  .y = floatsOf(y, block.firstRow * width)});
        });
        if (gated)
            context->save_for_backward({branch, gate});
        context->saved_data["gated"] = gated;
        context->saved_data["type"] = static_cast<std::int64_t>(branch.scalar_type());
        return y;
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients)
    {
        const bool gated = context->saved_data["gated"].toBool();
        const auto saved = context->get_saved_variables();
        const auto branch = gated ? saved[0] : at::Tensor(), gate = gated ? saved[1] : at::Tensor();
        const auto type = static_cast<at::ScalarType>(context->saved_data["type"].toInt());
        const auto gradient = gradients[0].contiguous();
        const auto branchGradient = at::empty(gradient.sizes(), gradient.options().dtype(type));
        const RowBlocks blocks(gradient);
        const auto width = blocks.width();
        const auto sums = gated ? blocks.emptySums(1, gradient) : at::Tensor();
        blocks.each([&](const auto& block) {
            rowKernel().gatedSumBackward({.rows = block.rows,
                                          .width = width,
                                          .yGradient = floatsOf(gradient, block.firstRow * width),
                                          .branch = gated ? elementsOf(branch, block.firstRow * width) : nullptr,
                                          .element = elementOf(type),
                                          .gate = gated ? floatsOf(gate, block.sample * width) : nullptr,
                                          .branchGradient = elementsOf(branchGradient, block.firstRow * width),
                                          .gateGradient = gated ? floatsOf(sums, block.index * width) : nullptr});
        });
        return {gradients[0], branchGradient, gated ? sums[0].sum(1) : at::Tensor()};
    }
};

class TanhGelu : public torch::autograd::Function<TanhGelu> {
public:
    static at::Tensor forward(AutogradContext* context, const at::Tensor& given)
    {
        const auto x = given.contiguous();
        const auto y = at::empty_like(x);
        each(x, [&](std::int64_t first, std::int64_t count) {
            rowKernel().gelu(
                {.count = count, .element = elementOf(x), .x = elementsOf(x, first), .y = elementsOf(y, first)});
        });
        context->save_for_backward({x});
        return y;
    }

    static tensor_list backward(AutogradContext* context, tensor_list gradients)
    {
        const auto x = context->get_saved_variables()[0], gradient = gradients[0].contiguous();
        const auto xGradient = at::empty_like(x);
        each(x, [&](std::int64_t first, std::int64_t count) {
            rowKernel().geluBackward({.count = count,
                                      .element = elementOf(x),
                                      .x = elementsOf(x, first),
                                      .yGradient = elementsOf(gradient, first),
                                      .xGradient = elementsOf(xGradient, first)});
        });
        return {xGradient};
    }

private:
    template<typename Action>
    static void each(const at::Tensor& x, Action&& action)
    {
        constexpr std::int64_t grain = 1 << 13;
        at::parallel_for(0, x.numel(), grain,
                         [&](std::int64_t begin, std::int64_t end) { action(begin, end - begin); });
    }
};

} // namespace

at::Tensor modulatedNorm(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale, double eps,
                         at::ScalarType result)
{
    if (isFloatOnCpu(x) && isFloatOnCpu(shift) && isFloatOnCpu(scale) && isForKernels(result))
        return ModulatedNorm::apply(x, shift, scale, eps, result);
    const auto normed = at::layer_norm(x.to(at::kFloat), {x.size(-1)}, {}, {}, eps);
    return at::addcmul(shift.unsqueeze(1), normed, (1 + scale).unsqueeze(1)).to(result);
}

at::Tensor gatedSum(const at::Tensor& x, const at::Tensor& branch, const at::Tensor& gate)
{
    const bool plain = !gate.defined() && branch.scalar_type() == at::kFloat; // one sweep of LibTorch, too
    if (!plain && isFloatOnCpu(x) && isForKernels(branch) && (!gate.defined() || isFloatOnCpu(gate)))
        // Autograd of LibTorch 1.13 takes no undefined tensor, so that no gate is an empty one.
        return GatedSum::apply(x, branch, gate.defined() ? gate : at::empty({0}, x.options()));
    return gate.defined() ? at::addcmul(x, gate.unsqueeze(1), branch.to(at::kFloat)) : x + branch;
}

at::Tensor tanhGelu(const at::Tensor& x)
{
    return isForKernels(x) ? TanhGelu::apply(x) : at::gelu(x, "tanh");
}

} // namespace nanodit
