#include "core/model/block.h"

#include "core/kernels/activations.h"
#include "core/kernels/heads.h"
#include "core/model/attention.h"
#include "core/model/autocast.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

RmsNorm makeNorm(ParameterMaker& make, const std::string& name, const ModelConfig& config)
{
    if (!config.qkNorm)
        return {};
    return {.weight = make.ones(name + ".weight", {config.hiddenSize / config.numHeads})};
}

/// Strengths of heads whose radii go geometrically from the widest to the narrowest, as softplus takes them: [heads].
at::Tensor makePrior(ParameterMaker& make, const std::string& name, const ModelConfig& config)
{
    if (!config.useDinoPatches || config.patchPrior == PatchPrior::None)
        return {};
    auto prior = at::empty({config.numHeads}, at::kFloat);
    const double last = static_cast<double>(std::max<std::int64_t>(1, config.numHeads - 1));
    for (std::int64_t head = 0; head < config.numHeads; ++head) {
        const double radius =
            config.priorWidest * std::pow(config.priorNarrowest / config.priorWidest, static_cast<double>(head) / last);
        prior[head] = std::log(std::expm1(1 / (2 * radius * radius)));
    }
    return make.value(name, prior);
}

} // namespace

SelfAttention::SelfAttention(ParameterMaker& make, const std::string& name, const ModelConfig& config)
    : heads_(config.numHeads)
    , qkv_(make.linear(name + ".qkv", config.hiddenSize, 3 * config.hiddenSize))
    , proj_(make.linear(name + ".proj", config.hiddenSize, config.hiddenSize))
    , qNorm_(makeNorm(make, name + ".q_norm", config))
    , kNorm_(makeNorm(make, name + ".k_norm", config))
{
}

at::Tensor SelfAttention::operator()(const at::Tensor& x, const AttentionWatch& watch) const
{
    const auto parts = splitHeads(qkv_(x), 3, heads_);
    const auto q = qNorm_(parts[0]), k = kNorm_(parts[1]);
    if (watch.observer != nullptr) {
        const AutocastScope plain(std::nullopt);
        watch.observer->selfAttention(watch.block, q, k);
    }
    return proj_(joinHeads(attend(q, k, parts[2])));
}

CrossAttention::CrossAttention(ParameterMaker& make, const std::string& name, const ModelConfig& config)
    : heads_(config.numHeads)
    , q_(make.linear(name + ".q", config.hiddenSize, config.hiddenSize))
    , kv_(make.linear(name + ".kv", config.hiddenSize, 2 * config.hiddenSize))
    , proj_(make.linear(name + ".proj", config.hiddenSize, config.hiddenSize))
    , qNorm_(makeNorm(make, name + ".q_norm", config))
    , kNorm_(makeNorm(make, name + ".k_norm", config))
    , prior_(makePrior(make, name + ".patch_prior", config))
{
}

KeyValues CrossAttention::keyValues(const at::Tensor& context, const ContextPlaces& places) const
{
    const auto parts = splitHeads(kv_(context), 2, heads_);
    auto keys = kNorm_(parts[0]);
    if (places.patches.defined()) // The patches are the last; the others rest.
        keys = turnedHeads(keys, places.patches.cosines, places.patches.sines);
    return {.keys = keys, .values = parts[1]};
}

at::Tensor CrossAttention::operator()(const at::Tensor& x, const KeyValues& context, const ContextTerms& terms,
                                      const AttentionWatch& watch) const
{
    const auto& places = terms.places;
    const auto q = places.queries(qNorm_(splitHeads(q_(x), 1, heads_)[0]));
    DistancePrior prior;
    if (prior_.defined() && places.patchAt.defined())
        prior = {.strengths = places.realPatches * at::softplus(prior_),
                 .queryAt = places.latentAt,
                 .patchAt = places.patchAt};
    if (watch.observer != nullptr) {
        const AutocastScope plain(std::nullopt);
        watch.observer->crossAttention(watch.block, {.queries = q,
                                                     .keys = context.keys,
                                                     .values = context.values,
                                                     .logitBias = terms.logitBias,
                                                     .prior = prior,
                                                     .outWeight = proj_.weight});
    }
    return proj_(joinHeads(attend(q, context.keys, context.values, terms.logitBias, prior)));
}

at::Tensor CrossAttention::radii() const
{
    return prior_.defined() ? at::rsqrt(2 * at::softplus(prior_.detach())) : at::Tensor();
}

DitBlock::DitBlock(ParameterMaker& make, const std::string& name, const ModelConfig& config)
    : selfAttention_(make, name + ".self_attn", config)
    , crossAttention_(make, name + ".cross_attn", config)
    , modulations_(config.gate == Gate::AdalnZero ? 9 : 6)
{
    const auto width = config.hiddenSize;
    const auto inner = static_cast<std::int64_t>(static_cast<double>(width) * config.mlpRatio);
    fc1_ = make.linear(name + ".mlp.fc1", width, inner);
    fc2_ = make.linear(name + ".mlp.fc2", inner, width);
    modulation_ = make.zeroLinear(name + ".adaLN_modulation.1", width, modulations_ * width);
}

at::Tensor DitBlock::operator()(const at::Tensor& x, const at::Tensor& c, const KeyValues& context,
                                const ContextTerms& terms, const AttentionWatch& watch) const
{
    const auto m = modulation_(at::silu(c)).to(at::kFloat).chunk(modulations_, 1); // [B, D] each
    const auto type = autocastType(x.device()).value_or(at::kFloat);
    const auto normed = [&](const at::Tensor& of, std::size_t shift) {
        return modulatedNorm(of, m[shift], m[shift + 1], normEps, type);
    };
    const auto add = [&](const at::Tensor& to, const at::Tensor& branch, std::size_t gate) {
        return gatedSum(to, branch, m.size() > gate ? m[gate] : at::Tensor());
    };
    auto y = add(x, selfAttention_(normed(x, 0), watch), 6);
    y = add(y, crossAttention_(normed(y, 2), context, terms, watch), 7);
    return add(y, fc2_(tanhGelu(fc1_(normed(y, 4)))), 8); // [B, L, 4 D] between the two
}

} // namespace nanodit
