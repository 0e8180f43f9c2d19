#include "core/model/nanodit.h"

#include "core/model/position.h"
#include "core/model/recompute.h"
#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit {

namespace {

void expectWidth(const at::Tensor& tensor, std::int64_t width, const char* what)
{
    if (tensor.size(-1) != width)
        throw DataError(std::string(what) + " are " + std::to_string(tensor.size(-1)) + " wide, but the model takes " +
                        std::to_string(width) + ": use the encoder that the model was trained with");
}

} // namespace

NanoDiT::NanoDiT(const ModelConfig& config, std::uint64_t seed, at::Device device)
    : config_(config)
    , device_(device)
{
    const auto& c = config_;
    const auto width = c.hiddenSize;
    ParameterMaker make(seed, device);
    const at::NoGradGuard noGradient;
    patchEmbed_ = {.weight =
                       make.xavierUniform("patch_embed.weight", {width, c.latentChannels, c.patchSize, c.patchSize}),
                   .bias = make.zeros("patch_embed.bias", {width})};
    timeIn_ = {.weight = make.normal("t_embedder.mlp.0.weight", {width, c.frequencyDim}, 0.02),
               .bias = make.zeros("t_embedder.mlp.0.bias", {width})};
    timeOut_ = {.weight = make.normal("t_embedder.mlp.2.weight", {width, width}, 0.02),
                .bias = make.zeros("t_embedder.mlp.2.bias", {width})};
    textProj_ = make.linear("text_proj", c.textDim, width);
    dinoProj_ = make.linear("dino_proj", c.dinoDim, width);
    nullText_ = make.normal("null_text", {1, 1, c.textDim}, 0.02);
    nullDino_ = make.normal("null_dino", {1, c.dinoDim}, 0.02);
    if (c.useDinoPatches) {
        patchProj_ = make.linear("dino_patch_proj", c.dinoDim, width);
        nullPatch_ = make.zeros("null_dino_patch_token", {1, 1, c.dinoDim});
    }
    for (std::int64_t i = 0; i < c.depth; ++i)
        blocks_.emplace_back(make, "blocks." + std::to_string(i), c);
    finalModulation_ = make.zeroLinear("final_layer.adaLN_modulation.1", width, 2 * width);
    finalLinear_ = make.zeroLinear("final_layer.linear", width, c.patchSize * c.patchSize * c.latentChannels);
    parameters_ = make.made();
}

GridSize NanoDiT::tokenGrid(std::int64_t rows, std::int64_t cols) const
{
    const auto p = config_.patchSize;
    if (rows % p != 0 || cols % p != 0)
        throw DataError("latents of " + std::to_string(rows) + " x " + std::to_string(cols) +
                        " cannot be cut into tokens of " + std::to_string(p) + " x " + std::to_string(p) +
                        ": use buckets whose sides are multiples of " + std::to_string(8 * p) + " pixels");
    return {.rows = rows / p, .cols = cols / p};
}

ConditionContext NanoDiT::context(const Conditions& conditions, const Drops& drops, GridSize latentTokens,
                                  bool keepKeyValues) const
{
    expectWidth(conditions.text, config_.textDim, "text tokens");
    expectWidth(conditions.cls, config_.dinoDim, "DINO features");
    ConditionContext context;
    context.text = makeSegment(conditions.text, conditions.textMask, drops.text, nullText_, conditions.textTokens);
    context.text.tokens = textProj_(context.text.tokens);

    auto& patches = context.patches;
    if (config_.useDinoPatches) {
        expectWidth(conditions.patches, config_.dinoDim, "DINO patches");
        patches =
            makeSegment(conditions.patches, conditions.patchMask, drops.dino, nullPatch_, conditions.patches.size(1));
        patches.tokens = patchProj_(patches.tokens);
        if (config_.patchPosition == PatchPosition::Sincos)
            addPatchPosition(patches, conditions.patchGrid, latentTokens);
    } else {
        patches.kinds.assign(context.text.kinds.size(), SegmentKind::Empty);
    }

    auto cls = conditions.cls;
    if (!drops.dino.empty())
        cls = at::where(sampleColumn(drops.dino, cls.device()).unsqueeze(1), nullDino_, cls);
    context.cls = dinoProj_(cls);
    context.logitBias = joinLogitBias(context);

    if (keepKeyValues) {
        const auto tokens = context.tokens(at::zeros_like(context.cls));
        for (const auto& block : blocks_)
            context.keyValues.push_back(block.crossAttention().keyValues(tokens));
    }
    return context;
}

at::Tensor NanoDiT::velocity(const at::Tensor& x, const at::Tensor& t, const ConditionContext& context,
                             const ForwardOptions& options) const
{
    const auto p = config_.patchSize, channels = config_.latentChannels, batch = x.size(0);
    const auto grid = tokenGrid(x.size(2), x.size(3));
    const auto pixels = x.view({batch, channels, grid.rows, p, grid.cols, p}).permute({0, 2, 4, 1, 3, 5});
    auto tokens = at::linear(pixels.reshape({batch, grid.count(), channels * p * p}),
                             patchEmbed_.weight.view({config_.hiddenSize, -1}), patchEmbed_.bias);
    tokens = tokens + latentPositionOf(grid); // [B, L, D]

    const auto time = timeOut_(at::silu(timeIn_(timestepFrequencies(t, config_.frequencyDim))));
    const auto c = context.cls + time; // [B, D]
    const auto contextTokens = context.keyValues.empty() ? context.tokens(c) : at::Tensor();
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const auto& block = blocks_[i];
        const AttentionWatch watch{.observer = options.observer, .block = static_cast<std::int64_t>(i)};
        if (!context.keyValues.empty()) {
            const auto ofCls = block.crossAttention().keyValues(c.unsqueeze(1));
            const auto& kept = context.keyValues[i];
            kept.keys.narrow(2, context.clsIndex(), 1).copy_(ofCls.keys);
            kept.values.narrow(2, context.clsIndex(), 1).copy_(ofCls.values);
            tokens = block(tokens, c, kept, context.logitBias, watch);
        } else if (options.checkpointing && options.observer == nullptr) {
            const auto body = [&block, bias = context.logitBias](const std::vector<at::Tensor>& in) {
                return block(in[0], in[1], block.crossAttention().keyValues(in[2]), bias);
            };
            tokens = recomputed(body, {tokens, c, contextTokens});
        } else {
            const auto keyValues = block.crossAttention().keyValues(contextTokens);
            tokens = block(tokens, c, keyValues, context.logitBias, watch);
        }
    }

    const auto m = finalModulation_(at::silu(c)).to(at::kFloat).chunk(2, 1);
    const auto y = finalLinear_(modulate(layerNorm(tokens), m[0], m[1])).to(at::kFloat); // [B, L, p p C]
    return y.view({batch, grid.rows, grid.cols, p, p, channels})
        .permute({0, 5, 1, 3, 2, 4})
        .reshape({batch, channels, grid.rows * p, grid.cols * p});
}

void NanoDiT::addPatchPosition(ContextSegment& patches, GridSize patchGrid, GridSize latents) const
{
    std::vector<bool> real;
    for (const auto kind : patches.kinds)
        real.push_back(kind == SegmentKind::Real);
    const bool all = std::all_of(real.begin(), real.end(), [](bool r) { return r; });
    const bool any = std::any_of(real.begin(), real.end(), [](bool r) { return r; });
    if (!any)
        return; // null patches carry no position: they stay one repeated token
    const auto position = patchPositionOf(patchGrid, latents)
                              .narrow(0, 0, patches.size()) // the last ones may be masked out
                              .unsqueeze(0)
                              .to(patches.tokens.scalar_type()); // [1, N, D]
    patches.tokens = patches.tokens + (all ? position : position * sampleColumn(real, device_).view({-1, 1, 1}));
}

const at::Tensor& NanoDiT::latentPositionOf(GridSize grid) const
{
    auto& position = positions_[{grid.rows, grid.cols, 0, 0}];
    if (!position.defined())
        position = latentPosition(grid, config_.hiddenSize).to(device_);
    return position;
}

const at::Tensor& NanoDiT::patchPositionOf(GridSize patches, GridSize latents) const
{
    auto& position = positions_[{latents.rows, latents.cols, patches.rows, patches.cols}];
    if (!position.defined())
        position = patchPosition(patches, latents, config_.hiddenSize).to(device_);
    return position;
}

} // namespace nanodit
