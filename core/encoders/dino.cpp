#include "core/encoders/dino.h"

#include "core/encoders/activation.h"
#include "core/encoders/attention.h"
#include "core/encoders/dino_weights.h"
#include "core/io/array.h"
#include "core/kernels/heads.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <numbers>
#include <utility>

namespace nanodit {

namespace {

/// Under the names of transformers, of which a model without registers has an empty tensor. Throws DataError where the
/// weights have registers that the configuration leaves out, without which features are others.
TensorMap namedWeights(TensorMap weights, const DinoConfig& config, const std::string& source)
{
    auto named = canonicalDinoNames(std::move(weights), config);
    const auto found = named.find("embeddings.register_tokens");
    if (config.registers == 0 && found != named.end() && found->second.numel() > 0)
        throw DataError(source + " holds embeddings.register_tokens in the shape " + shapeText(found->second.sizes()) +
                        ", where its config.json has no registers: use the config.json that belongs to the weights");
    return named;
}

} // namespace

std::shared_ptr<const DinoEncoder> DinoEncoder::load(const std::filesystem::path& folder, const EncoderOptions& options)
{
    auto config = DinoConfig::load(folder); // first: a folder without a config is told as that
    auto encoder = std::make_shared<DinoEncoder>(std::move(config), readModelFolder(folder), options, folder.string());
    if (!ImageProcessor::fileIn(folder).empty())
        encoder->normalisation_ = ImageProcessor::load(folder).normalisation();
    return encoder;
}

DinoEncoder::DinoEncoder(DinoConfig config, TensorMap weights, const EncoderOptions& options, std::string source)
    : config_(std::move(config))
    , weights_(namedWeights(std::move(weights), config_, source), config_.expectedTensors(), source, options)
    , source_(std::move(source))
{
}

DinoFeatures DinoEncoder::encode(const at::Tensor& pixels) const
{
    return *encode(pixels, StopCheck());
}

std::optional<DinoFeatures> DinoEncoder::encode(const at::Tensor& pixels, const StopCheck& stop) const
{
    const auto all = tokens(pixels, nullptr, stop);
    if (!all.defined())
        return std::nullopt;
    const auto grid = gridOf({pixels.size(3), pixels.size(2)});
    return DinoFeatures{
        .cls = all.select(1, 0), .patches = all.narrow(1, all.size(1) - grid.count(), grid.count()), .grid = grid};
}

at::Tensor DinoEncoder::tokens(const at::Tensor& pixels, std::vector<at::Tensor>* hiddenStates,
                               const StopCheck& stop) const
{
    try {
        return tokensUnlessStopped(pixels, hiddenStates, stop);
    } catch (const EncodingStopped&) {
        return {};
    }
}

at::Tensor DinoEncoder::tokensUnlessStopped(const at::Tensor& pixels, std::vector<at::Tensor>* hiddenStates,
                                            const StopCheck& stop) const
{
    auto x = embed(pixels); // [B, T, D]
    const auto linear = [&](const at::Tensor& input, const std::string& name) {
        return weights_.linear(input, name, stop);
    };
    at::Tensor cosines, sines; // [1, 1, N, d / 2], of the patches; CLS and registers before them rest
    if (config_.rotary()) {
        const auto [cosine, sine] = rotaryPosition(gridOf({pixels.size(3), pixels.size(2)})); // both halves are alike
        const auto half = [&](const at::Tensor& angles) {
            return angles.narrow(1, 0, config_.headWidth() / 2).contiguous().unsqueeze(0).unsqueeze(0);
        };
        cosines = half(cosine);
        sines = half(sine);
    }
    const auto activation = activationByName(config_.activation, source_);
    const auto scale = 1 / std::sqrt(double(config_.headWidth()));
    const auto products = weights_.options().products;

    const auto attention = [&](const at::Tensor& input, const std::string& name) {
        const auto rows = weights_.factor(input);
        const auto heads = [&](const std::string& part) {
            return splitHeads(weights_.product(rows, name + part, stop), 1, config_.heads)[0];
        };
        auto q = heads("q_proj"), k = heads("k_proj");
        const auto v = heads("v_proj");
        if (config_.rotary()) {
            q = turnedHeads(q, cosines, sines);
            k = turnedHeads(k, cosines, sines);
        }
        return linear(joinHeads(attend(q, k, v, scale, {}, stop, products)), name + "o_proj");
    };
    const auto mlp = [&](const at::Tensor& input, const std::string& name) {
        at::Tensor inner;
        if (config_.mlp == DinoConfig::Mlp::FusedGated) {
            const auto gateAndUp = linear(input, name + "gate_up_proj").chunk(2, -1);
            inner = activation(gateAndUp[0]) * gateAndUp[1];
        } else if (config_.mlp == DinoConfig::Mlp::Gated) {
            const auto rows = weights_.factor(input);
            inner = activation(linear(rows, name + "gate_proj")) * linear(rows, name + "up_proj");
        } else {
            inner = activation(linear(input, name + "up_proj"));
        }
        return linear(inner, name + "down_proj");
    };

    if (hiddenStates != nullptr)
        hiddenStates->push_back(x);
    for (std::int64_t i = 0; i < config_.layers; ++i) {
        const auto layer = "layer." + std::to_string(i) + ".";
        leaveIfStopped(stop);
        x = x + weights_.get(layer + "layer_scale1.lambda1") *
                    attention(weights_.layerNorm(x, layer + "norm1", config_.layerNormEps), layer + "attention.");
        leaveIfStopped(stop);
        x = x + weights_.get(layer + "layer_scale2.lambda1") *
                    mlp(weights_.layerNorm(x, layer + "norm2", config_.layerNormEps), layer + "mlp.");
        if (hiddenStates != nullptr)
            hiddenStates->push_back(x);
    }
    return weights_.layerNorm(x, "norm", config_.layerNormEps);
}

at::Tensor DinoEncoder::embed(const at::Tensor& pixels) const
{
    if (pixels.dim() != 4 || pixels.size(1) != config_.channels || pixels.size(2) < config_.patchSize ||
        pixels.size(3) < config_.patchSize)
        throw DataError("pixels of the shape " + shapeText(pixels.sizes()) + " cannot be encoded by " + source_ +
                        ", which expects [pictures, " + std::to_string(config_.channels) +
                        ", height, width] of at least one patch of " + std::to_string(config_.patchSize) + " pixels");
    const ImageSize picture{pixels.size(3), pixels.size(2)};
    const auto batch = pixels.size(0);
    const auto grid = gridOf(picture);
    const auto p = config_.patchSize;

    // A convolution whose stride is its kernel is a product with the patches as rows.
    const auto patchRows = pixels.to(weights_.options().device, weights_.options().compute)
                               .narrow(2, 0, grid.rows * p)
                               .narrow(3, 0, grid.cols * p)
                               .reshape({batch, config_.channels, grid.rows, p, grid.cols, p})
                               .permute({0, 2, 4, 1, 3, 5})
                               .reshape({batch, grid.count(), config_.channels * p * p});
    auto patches = at::linear(patchRows, weights_.get("embeddings.patch_embeddings.weight").flatten(1),
                              weights_.get("embeddings.patch_embeddings.bias")); // [B, N, D]
    auto cls = weights_.get("embeddings.cls_token");
    if (!config_.rotary()) {
        // Registers have no position.
        const auto position = learnedPosition(picture).to(patches.options());
        cls = cls + position.narrow(1, 0, 1);
        patches = patches + position.narrow(1, 1, grid.count());
    }
    std::vector<at::Tensor> parts = {cls.expand({batch, 1, config_.width})};
    if (config_.registers > 0)
        parts.push_back(weights_.get("embeddings.register_tokens").expand({batch, config_.registers, config_.width}));
    parts.push_back(patches);
    return at::cat(parts, 1);
}

std::pair<at::Tensor, at::Tensor> DinoEncoder::rotaryPosition(GridSize grid) const
{
    // Patch centres in [-1, 1], each axis by itself; frequencies theta^(-4k / d), k = 0 .. d/4 - 1, those of the rows
    // before those of the columns, both twice (transformers, models/dinov3_vit/modeling_dinov3_vit.py).
    const auto options = at::TensorOptions(at::kFloat).device(weights_.options().device);
    const auto frequencies =
        1 / at::pow(config_.ropeTheta, at::arange(0, 1, 4.0 / double(config_.headWidth()), options));
    const auto centres = [&](std::int64_t count) { return 2 * (at::arange(0.5, double(count), options) / count) - 1; };
    const auto rows = centres(grid.rows).view({grid.rows, 1}).expand({grid.rows, grid.cols});
    const auto cols = centres(grid.cols).view({1, grid.cols}).expand({grid.rows, grid.cols});
    const auto coordinates = at::stack({rows, cols}, -1).reshape({grid.count(), 2, 1});
    const auto angles =
        (2 * std::numbers::pi * coordinates * frequencies.view({1, 1, -1})).flatten(1, 2).repeat({1, 2});
    return {at::cos(angles), at::sin(angles)};
}

at::Tensor DinoEncoder::learnedPosition(ImageSize picture) const
{
    const auto table = weights_.stored("embeddings.position_embeddings");
    const auto grid = gridOf(picture);
    if (grid.count() == config_.positions && picture.width == picture.height)
        return table.to(at::kFloat);
    const auto side = std::int64_t(std::sqrt(double(config_.positions)));
    if (side * side != config_.positions)
        throw DataError(source_ + " has " + std::to_string(config_.positions) +
                        " positions, which form no square grid that could be interpolated to pictures of another size");
    const auto native = table.narrow(1, 1, config_.positions)
                            .to(at::kFloat)
                            .reshape({1, side, side, config_.width})
                            .permute({0, 3, 1, 2});
    // Upstream antialiases where there are registers, and only there.
    const std::vector<std::int64_t> size = {grid.rows, grid.cols};
    const auto resized = config_.kind == "dinov2" ? at::upsample_bicubic2d(native, size, /*align_corners=*/false)
                                                  : at::_upsample_bicubic2d_aa(native, size, /*align_corners=*/false);
    const auto patches = resized.permute({0, 2, 3, 1}).reshape({1, grid.count(), config_.width});
    return at::cat({table.narrow(1, 0, 1).to(at::kFloat), patches}, 1);
}

GridSize DinoEncoder::gridOf(ImageSize picture) const
{
    return {.rows = picture.height / config_.patchSize, .cols = picture.width / config_.patchSize};
}

const ImageNormalisation& DinoEncoder::normalisation() const
{
    if (!normalisation_)
        throw DataError(source_ + " has no preprocessor_config.json (nor processor_config.json), which holds the mean "
                                  "and deviation of its pixels; "
                                  "copy it from where the model came from");
    return *normalisation_;
}

} // namespace nanodit
