#include "core/train/attention_metrics.h"

#include "core/model/attention_map.h"
#include "core/model/autocast.h"

#include <algorithm>
#include <utility>

namespace nanodit {

namespace {

constexpr std::int64_t samplesMeasured = 4;

/// Sums a batch's summaries up while the model runs.
class Meter final : public AttentionObserver {
public:
    Meter(const ConditionContext& context, GridSize patchGrid, GridSize latentGrid, std::size_t blocks)
        : blocks_(blocks)
    {
        for (std::int64_t i = 0; i < context.batch(); ++i)
            layouts_.push_back(ContextLayout::of(context, i, patchGrid, latentGrid));
    }

    void selfAttention(std::int64_t, const at::Tensor&, const at::Tensor&) override {}
    void crossAttention(std::int64_t block, const CrossAttentionInputs& inputs) override
    {
        BlockAttention mean{.alignment = 0, .evenAlignment = 0, .textAdds = 0, .clsAdds = 0, .patchesAdd = 0};
        const auto count = static_cast<double>(layouts_.size());
        for (std::size_t i = 0; i < layouts_.size(); ++i) {
            const auto sample = static_cast<std::int64_t>(i);
            const auto summary = CrossAttentionMap(inputs, sample, layouts_[i]).summary();
            const auto shares = summary->shares.mean(at::IntArrayRef{0, 1}).to(at::kCPU);
            mean.text += shares[0].item<double>() / count;
            mean.cls += shares[1].item<double>() / count;
            mean.patches += shares[2].item<double>() / count;
            const bool patches = summary->distance.defined();
            mean.alignment += patches ? summary->distance.mean().item<double>() / count : BlockAttention::none;
            mean.evenAlignment += patches ? evenAlignment(layouts_[i]) / count : BlockAttention::none;
            const auto lengths = summary->added.mean(0).to(at::kCPU);
            const auto adds = (lengths / lengths.sum()).contiguous();
            mean.textAdds += adds[0].item<double>() / count;
            mean.clsAdds += adds[1].item<double>() / count;
            mean.patchesAdd += adds[2].item<double>() / count;
        }
        blocks_.at(static_cast<std::size_t>(block)) = mean;
    }

    std::vector<BlockAttention> take() { return std::move(blocks_); }

private:
    std::vector<ContextLayout> layouts_;
    std::vector<BlockAttention> blocks_;
};

} // namespace

std::vector<BlockAttention> measureAttention(const NanoDiT& model, const Conditions& conditions, const at::Tensor& xt,
                                             const at::Tensor& t, Precision precision)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(precision);
    const auto count = std::min(samplesMeasured, xt.size(0));
    const auto first = [count](const at::Tensor& tensor) {
        return tensor.defined() ? tensor.narrow(0, 0, count) : tensor;
    };
    auto few = conditions;
    for (auto* const tensor : {&few.cls, &few.patches, &few.patchMask, &few.text, &few.textMask})
        *tensor = first(*tensor);
    const auto grid = model.tokenGrid(xt.size(2), xt.size(3));
    const auto context = model.context(few, {}, grid);
    Meter meter(context, conditions.patchGrid, grid, static_cast<std::size_t>(model.config().depth));
    model.velocity(first(xt), first(t), context, {.checkpointing = false, .observer = &meter});
    auto blocks = meter.take();
    if (const auto radii = model.priorRadii(); radii.defined()) {
        const auto narrowest = radii.amin(1).to(at::kCPU), widest = radii.amax(1).to(at::kCPU);
        for (std::size_t i = 0; i < blocks.size(); ++i) {
            blocks[i].narrowest = narrowest[static_cast<std::int64_t>(i)].item<double>();
            blocks[i].widest = widest[static_cast<std::int64_t>(i)].item<double>();
        }
    }
    return blocks;
}

} // namespace nanodit
