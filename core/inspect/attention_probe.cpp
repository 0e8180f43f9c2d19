#include "core/inspect/attention_probe.h"

#include <utility>

namespace nanodit {

namespace {

/// A sample's own copy, without what else lies in the same memory (values beside keys).
at::Tensor copyOf(const at::Tensor& tensor, std::int64_t sample)
{
    return tensor.detach()[sample].to(at::kFloat).clone(at::MemoryFormat::Contiguous);
}

} // namespace

AttentionProbe::AttentionProbe(const ConditionContext& context, std::int64_t sample, GridSize patchGrid,
                               GridSize latentGrid, std::set<std::int64_t> selfBlocks)
    : layout_(ContextLayout::of(context, sample, patchGrid, latentGrid))
    , sample_(sample)
    , selfBlocks_(std::move(selfBlocks))
{
}

void AttentionProbe::selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys)
{
    if (selfBlocks_.contains(block))
        self_.insert_or_assign(block, Compared{copyOf(queries, sample_), copyOf(keys, sample_)});
}

void AttentionProbe::crossAttention(std::int64_t block, const CrossAttentionInputs& inputs)
{
    const auto keys = inputs.keys.detach()[sample_].to(at::kFloat);
    const auto clsKey = keys.narrow(1, layout_.clsColumn(), 1).clone(at::MemoryFormat::Contiguous);
    const auto logitBias = inputs.logitBias.defined() ? inputs.logitBias[sample_] : at::Tensor();
    const auto values = inputs.values.detach()[sample_];
    const MixedValues mixed{.values = values,
                            .outWeight = inputs.outWeight.detach(),
                            .clsValue = values.narrow(1, layout_.clsColumn(), 1).clone(at::MemoryFormat::Contiguous)};
    cross_.insert_or_assign(block, CrossAttentionMap(copyOf(inputs.queries, sample_), keys, logitBias, layout_, clsKey,
                                                     inputs.prior.of(sample_), mixed));
}

at::Tensor AttentionProbe::selfMean(std::int64_t block, std::span<const std::int64_t> latents) const
{
    const auto& compared = self_.at(block);
    return meanSelfAttention(compared.queries, compared.keys, latents);
}

} // namespace nanodit
