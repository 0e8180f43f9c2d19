#include "core/model/nanodit.h"

#include "core/kernels/activations.h"
#include "core/model/autocast.h"
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

NanoDiT::NanoDiT(const ModelConfig& config, std::optional<std::uint64_t> seed, at::Device device)
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
    finalLayer_ = makeHead(make, "final_layer");
    if (c.internalHead > 0)
        internalHead_ = makeHead(make, "internal_head");
    parameters_ = make.made();
}

NanoDiT::Head NanoDiT::makeHead(ParameterMaker& make, const std::string& name) const
{
    const auto width = config_.hiddenSize;
    return {.modulation = make.zeroLinear(name + ".adaLN_modulation.1", width, 2 * width),
            .linear = make.zeroLinear(name + ".linear", width,
                                      config_.patchSize * config_.patchSize * config_.latentChannels)};
}

at::Tensor NanoDiT::Head::operator()(const at::Tensor& tokens, const at::Tensor& c) const
{
    const auto m = modulation(at::silu(c)).to(at::kFloat).chunk(2, 1);
    const auto type = autocastType(tokens.device()).value_or(at::kFloat);
    return linear(modulatedNorm(tokens, m[0], m[1], normEps, type)).to(at::kFloat);
}

GridSize NanoDiT::tokenGrid(std::int64_t rows, std::int64_t cols) const
{
    const auto p = config_.patchSize;
    if (rows % p != 0 || cols % p != 0)
        throw DataError("latents of " + std::to_string(rows) + " x " + std::to_string(cols) +
                        " cannot be cut into tokens of " + std::to_string(p) + " x " + std::to_string(p) +
                        ": use buckets whose latents have sides that are multiples of " + std::to_string(p));
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
        if (conditions.patches.size(1) != conditions.patchGrid.count())
            throw DataError("there are " + std::to_string(conditions.patches.size(1)) + " DINO patches for a grid of " +
                            std::to_string(conditions.patchGrid.rows) + " x " +
                            std::to_string(conditions.patchGrid.cols) +
                            ": make the patches again from the picture at its bucket's size");
        placePatches(context, conditions.patchGrid, latentTokens);
    } else {
        patches.kinds.assign(context.text.kinds.size(), SegmentKind::Empty);
    }

    auto cls = conditions.cls;
    if (!drops.dino.empty())
        cls = at::where(sampleColumn(drops.dino, cls.device()).unsqueeze(1), nullDino_, cls);
    context.cls = dinoProj_(cls);
    context.terms.logitBias = joinLogitBias(context);

    if (keepKeyValues) {
        const auto tokens = context.tokens(at::zeros_like(context.cls));
        for (const auto& block : blocks_) {
            const auto made = block.crossAttention().keyValues(tokens, context.terms.places);
            // Read at every step: one block of memory each, not halves of their product's rows.
            context.keyValues.push_back({.keys = made.keys.contiguous(), .values = made.values.contiguous()});
        }
    }
    return context;
}

at::Tensor NanoDiT::velocity(const at::Tensor& x, const at::Tensor& t, const ConditionContext& context,
                             const ForwardOptions& options) const
{
    const auto p = config_.patchSize, channels = config_.latentChannels, batch = x.size(0);
    const auto made = [&options](const std::string& part, const at::Tensor& output) {
        if (options.watch)
            options.watch(part, output);
    };
    const auto grid = tokenGrid(x.size(2), x.size(3));
    const auto pixels = x.view({batch, channels, grid.rows, p, grid.cols, p}).permute({0, 2, 4, 1, 3, 5});
    auto tokens = at::linear(pixels.reshape({batch, grid.count(), channels * p * p}),
                             patchEmbed_.weight.view({config_.hiddenSize, -1}), patchEmbed_.bias);
    tokens = tokens + placesOf(grid).latentPosition; // [B, L, D]
    made("patch_embed", tokens);
    const bool shared = context.batch() == 1 && batch > 1; // pictures that differ in their noise alone
    const auto terms = shared ? context.terms.forEach(batch) : context.terms;
    const auto placedOn = terms.places.latents;
    if (placedOn.count() > 0 && placedOn != grid)
        throw DataError("the patches were placed on " + std::to_string(placedOn.rows) + " x " +
                        std::to_string(placedOn.cols) + " latent tokens, but the picture has " +
                        std::to_string(grid.rows) + " x " + std::to_string(grid.cols));

    const auto time = timeOut_(at::silu(timeIn_(timestepFrequencies(t, config_.frequencyDim))));
    const auto ofContext = context.cls + time; // [B, D], or [1, D] of a shared context
    const auto c = shared ? ofContext.expand({batch, -1}) : ofContext;
    made("t_embedder", c);
    const auto contextTokens = context.keyValues.empty() ? context.tokens(c) : at::Tensor();
    if (contextTokens.defined())
        made("context", contextTokens);
    for (std::size_t i = 0; i < blocks_.size(); ++i) {
        const auto& block = blocks_[i];
        const AttentionWatch watch{.observer = options.observer, .block = static_cast<std::int64_t>(i)};
        if (!context.keyValues.empty()) {
            const auto ofCls = block.crossAttention().keyValues(ofContext.unsqueeze(1));
            const auto& kept = context.keyValues[i];
            kept.keys.narrow(2, context.clsIndex(), 1).copy_(ofCls.keys);
            kept.values.narrow(2, context.clsIndex(), 1).copy_(ofCls.values);
            tokens = block(tokens, c, shared ? kept.forEach(batch) : kept, terms, watch);
        } else if (options.checkpointing && options.observer == nullptr && !options.watch) {
            const auto body = [&block, terms](const std::vector<at::Tensor>& in) {
                return block(in[0], in[1], block.crossAttention().keyValues(in[2], terms.places), terms);
            };
            tokens = recomputed(body, {tokens, c, contextTokens});
        } else {
            const auto keyValues = block.crossAttention().keyValues(contextTokens, terms.places);
            tokens = block(tokens, c, keyValues, terms, watch);
        }
        if (options.watch)
            made("blocks." + std::to_string(i), tokens);
        if (options.intermediate == nullptr)
            continue;
        auto& kept = *options.intermediate;
        const auto number = static_cast<std::int64_t>(i);
        if (number == kept.block)
            kept.tokens = tokens;
        if (number + 1 == config_.internalHead) {
            const auto y = internalHead_(tokens, c);
            made("internal_head", y);
            kept.velocity = unpatchified(y, grid);
        }
    }

    const auto y = finalLayer_(tokens, c);
    made("final_layer", y);
    return unpatchified(y, grid);
}

at::Tensor NanoDiT::unpatchified(const at::Tensor& patches, GridSize grid) const
{
    const auto p = config_.patchSize, channels = config_.latentChannels, batch = patches.size(0);
    return patches.view({batch, grid.rows, grid.cols, p, p, channels})
        .permute({0, 5, 1, 3, 2, 4})
        .reshape({batch, channels, grid.rows * p, grid.cols * p});
}

void NanoDiT::placePatches(ConditionContext& context, GridSize patchGrid, GridSize latents) const
{
    auto& patches = context.patches;
    const auto& kinds = patches.kinds;
    const auto real = std::count(kinds.begin(), kinds.end(), SegmentKind::Real);
    const auto& of = placesOf(latents, patchGrid);
    context.terms.places.queries = of.places.queries; // null patches rest: they stay one repeated token
    if (config_.patchPosition != PatchPosition::None || config_.patchPrior != PatchPrior::None)
        context.terms.places.latents = latents;
    if (real == 0)
        return;
    at::Tensor isReal; // [B] bool; undefined when all are
    if (real < static_cast<std::int64_t>(kinds.size())) {
        std::vector<bool> flags;
        for (const auto kind : kinds)
            flags.push_back(kind == SegmentKind::Real);
        isReal = sampleColumn(flags, device_);
    }
    const auto shown = patches.size(); // the last ones may be masked out
    if (config_.patchPosition == PatchPosition::Sincos) {
        const auto position =
            of.patchPosition.narrow(0, 0, shown).unsqueeze(0).to(patches.tokens.scalar_type()); // [1, N, D]
        patches.tokens = patches.tokens + (isReal.defined() ? position * isReal.view({-1, 1, 1}) : position);
    }
    if (config_.patchPosition == PatchPosition::Rope)
        context.terms.places.patches = of.places.patches.first(shown).where(isReal);
    if (config_.patchPrior == PatchPrior::Learned) {
        context.terms.places.latentAt = of.places.latentAt;
        context.terms.places.patchAt = of.places.patchAt.narrow(0, 0, shown);
        context.terms.places.realPatches = isReal.defined() ? isReal.to(at::kFloat).unsqueeze(1)
                                                            : at::ones({static_cast<std::int64_t>(kinds.size()), 1},
                                                                       at::TensorOptions(at::kFloat).device(device_));
    }
}

const NanoDiT::GridPlaces& NanoDiT::placesOf(GridSize latents, GridSize patches) const
{
    const std::lock_guard lock(placesMutex_);
    const std::array key = {latents.rows, latents.cols, patches.rows, patches.cols};
    auto found = places_.find(key);
    if (found == places_.end()) // made whole first: a device that is out of memory may throw halfway
        found = places_.emplace(key, makePlaces(latents, patches)).first;
    return found->second;
}

NanoDiT::GridPlaces NanoDiT::makePlaces(GridSize latents, GridSize patches) const
{
    GridPlaces of;
    const auto latentAt = latentCentres(latents);
    of.latentPosition = sincosPosition(latentAt, config_.hiddenSize).to(device_);
    if (patches.count() == 0)
        return of;
    const auto patchAt = patchCentres(patches, latents);
    if (config_.patchPosition == PatchPosition::Sincos)
        of.patchPosition = sincosPosition(patchAt, config_.hiddenSize).to(device_);
    if (config_.patchPosition == PatchPosition::Rope) {
        const auto headWidth = config_.hiddenSize / config_.numHeads;
        of.places.queries = Rotation::of(latentAt, headWidth).to(device_);
        of.places.patches = Rotation::of(patchAt, headWidth).to(device_);
    }
    if (config_.patchPrior == PatchPrior::Learned) {
        of.places.latentAt = latentAt.to(at::kFloat).to(device_);
        of.places.patchAt = patchAt.to(at::kFloat).to(device_);
    }
    return of;
}

at::Tensor NanoDiT::priorRadii() const
{
    std::vector<at::Tensor> byBlock;
    for (const auto& block : blocks_)
        byBlock.push_back(block.crossAttention().radii());
    return byBlock[0].defined() ? at::stack(byBlock) : at::Tensor();
}

} // namespace nanodit
