#include "core/train/attention_metrics.h"

#include "core/model/attention_map.h"
#include "core/model/autocast.h"

#include <algorithm>
#include <limits>
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
        BlockAttention sum{.text = 0, .cls = 0, .patches = 0, .alignment = 0};
        for (std::size_t i = 0; i < layouts_.size(); ++i) {
            const auto sample = static_cast<std::int64_t>(i);
            const auto summary = CrossAttentionMap(inputs, sample, layouts_[i]).summary();
            const auto shares = summary->shares.mean(at::IntArrayRef{0, 1}).to(at::kCPU);
            sum.text += shares[0].item<double>();
            sum.cls += shares[1].item<double>();
            sum.patches += shares[2].item<double>();
            sum.alignment += summary->distance.defined() ? summary->distance.mean().item<double>()
                                                         : std::numeric_limits<double>::quiet_NaN();
        }
        const auto count = static_cast<double>(layouts_.size());
        blocks_.at(static_cast<std::size_t>(block)) = {.text = sum.text / count,
                                                       .cls = sum.cls / count,
                                                       .patches = sum.patches / count,
                                                       .alignment = sum.alignment / count};
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
    return meter.take();
}

} // namespace nanodit
