#include "core/model/block.h"

#include "core/model/attention.h"
#include "core/model/autocast.h"

namespace nanodit {

namespace {

RmsNorm makeNorm(ParameterMaker& make, const std::string& name, const ModelConfig& config)
{
    if (!config.qkNorm)
        return {};
    return {.weight = make.ones(name + ".weight", {config.hiddenSize / config.numHeads})};
}

/// [B, L, parts * D] -> parts of [B, heads, L, D / heads]
std::vector<at::Tensor> splitHeads(const at::Tensor& x, std::int64_t parts, std::int64_t heads)
{
    return x.view({x.size(0), x.size(1), parts, heads, x.size(2) / parts / heads}).permute({2, 0, 3, 1, 4}).unbind(0);
}

/// [B, heads, L, D / heads] -> [B, L, D]
at::Tensor joinHeads(const at::Tensor& x)
{
    return x.transpose(1, 2).reshape({x.size(0), x.size(2), x.size(1) * x.size(3)});
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
{
}

KeyValues CrossAttention::keyValues(const at::Tensor& context) const
{
    const auto parts = splitHeads(kv_(context), 2, heads_);
    return {.keys = kNorm_(parts[0]), .values = parts[1]};
}

at::Tensor CrossAttention::operator()(const at::Tensor& x, const KeyValues& context, const at::Tensor& logitBias,
                                      const AttentionWatch& watch) const
{
    const auto q = qNorm_(splitHeads(q_(x), 1, heads_)[0]);
    if (watch.observer != nullptr) {
        const AutocastScope plain(std::nullopt);
        watch.observer->crossAttention(watch.block, q, context.keys, logitBias);
    }
    return proj_(joinHeads(attend(q, context.keys, context.values, logitBias)));
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
                                const at::Tensor& logitBias, const AttentionWatch& watch) const
{
    const auto m = modulation_(at::silu(c)).to(at::kFloat).chunk(modulations_, 1); // [B, D] each
    const auto add = [&](const at::Tensor& to, const at::Tensor& branch, std::size_t gate) {
        return m.size() > gate ? at::addcmul(to, m[gate].unsqueeze(1), branch.to(at::kFloat)) : to + branch;
    };
    auto y = add(x, selfAttention_(modulate(layerNorm(x), m[0], m[1]), watch), 6);
    y = add(y, crossAttention_(modulate(layerNorm(y), m[2], m[3]), context, logitBias, watch), 7);
    const auto inner = fc1_(modulate(layerNorm(y), m[4], m[5])); // [B, L, 4 D]
    return add(y, fc2_(at::gelu(inner, "tanh")), 8);
}

at::Tensor modulate(const at::Tensor& x, const at::Tensor& shift, const at::Tensor& scale)
{
    return at::addcmul(shift.unsqueeze(1), x, (1 + scale).unsqueeze(1));
}

} // namespace nanodit
