#include "core/encoders/dino_weights.h"

#include "core/encoders/dino.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

using Replacement = std::pair<std::string, std::string>;

/// In this order; each is applied once, anywhere in the name.
const std::array<Replacement, 10> dinov2Renamings = {{
    {".attention.attention.", ".attention."},
    {".attention.query.", ".attention.q_proj."},
    {".attention.key.", ".attention.k_proj."},
    {".attention.value.", ".attention.v_proj."},
    {".attention.output.dense.", ".attention.o_proj."},
    {".mlp.fc1.", ".mlp.up_proj."},
    {".mlp.fc2.", ".mlp.down_proj."},
    {".mlp.weights_in.", ".mlp.gate_up_proj."},
    {".mlp.weights_out.", ".mlp.down_proj."},
    {".patch_embeddings.projection.", ".patch_embeddings."},
}};

void replaceOnce(std::string& text, const Replacement& renaming)
{
    if (const auto at = text.find(renaming.first); at != std::string::npos)
        text.replace(at, renaming.first.size(), renaming.second);
}

/// What DINOv2's files call a tensor that is looked up by the canonical name.
std::string dinov2NameInFiles(std::string name, bool fused)
{
    static const std::array<Replacement, 6> backwards = {{
        {".attention.q_proj.", ".attention.attention.query."},
        {".attention.k_proj.", ".attention.attention.key."},
        {".attention.v_proj.", ".attention.attention.value."},
        {".attention.o_proj.", ".attention.output.dense."},
        {".mlp.up_proj.", ".mlp.fc1."},
        {".mlp.gate_up_proj.", ".mlp.weights_in."},
    }};
    for (const auto& renaming : backwards)
        replaceOnce(name, renaming);
    replaceOnce(name, {".mlp.down_proj.", fused ? ".mlp.weights_out." : ".mlp.fc2."});
    replaceOnce(name, {".patch_embeddings.", ".patch_embeddings.projection."});
    if (name.starts_with("layer."))
        return "encoder." + name;
    return name.starts_with("norm.") ? "layer" + name : name;
}

} // namespace

std::string canonicalDinoName(const std::string& name)
{
    std::string canonical = name;
    for (bool stripped = true; stripped;) {
        stripped = false;
        for (const std::string prefix :
             {"model.", "encoder.", "backbone.", "dinov2.", "dinov2_with_registers.", "dinov3_vit."}) {
            if (canonical.starts_with(prefix)) {
                canonical.erase(0, prefix.size());
                stripped = true;
            }
        }
    }
    for (const auto& renaming : dinov2Renamings)
        replaceOnce(canonical, renaming);
    if (canonical.starts_with("layernorm."))
        canonical.erase(0, 5);
    return canonical;
}

TensorMap canonicalDinoNames(TensorMap tensors, const DinoConfig& config)
{
    if (hasOriginalDinoNames(tensors))
        return fromOriginalDinoNames(std::move(tensors), config);
    TensorMap canonical;
    for (auto& [name, tensor] : tensors)
        canonical.emplace(canonicalDinoName(name), std::move(tensor));
    return canonical;
}

std::vector<ExpectedTensor> DinoConfig::expectedTensors() const
{
    std::vector<ExpectedTensor> expected = {
        {"embeddings.cls_token", {1, 1, width}, {}},
        {"embeddings.patch_embeddings.weight", {width, channels, patchSize, patchSize}, {}},
        {"embeddings.patch_embeddings.bias", {width}, {}},
    };
    if (registers > 0)
        expected.push_back({"embeddings.register_tokens", {1, registers, width}, {}});
    if (!rotary())
        expected.push_back({"embeddings.position_embeddings", {1, 1 + positions, width}, {}});

    const auto linear = [&](const std::string& name, std::int64_t out, std::int64_t in, bool bias) {
        expected.push_back({name + ".weight", {out, in}, {}});
        if (bias)
            expected.push_back({name + ".bias", {out}, {}});
    };
    const auto norm = [&](const std::string& name) {
        expected.push_back({name + ".weight", {width}, {}});
        expected.push_back({name + ".bias", {width}, {}});
    };
    for (std::int64_t i = 0; i < layers; ++i) {
        const auto layer = "layer." + std::to_string(i) + ".";
        norm(layer + "norm1");
        linear(layer + "attention.q_proj", width, width, queryBias);
        linear(layer + "attention.k_proj", width, width, keyBias);
        linear(layer + "attention.v_proj", width, width, valueBias);
        linear(layer + "attention.o_proj", width, width, projectionBias);
        expected.push_back({layer + "layer_scale1.lambda1", {width}, {}});
        norm(layer + "norm2");
        if (mlp == Mlp::FusedGated) {
            linear(layer + "mlp.gate_up_proj", 2 * mlpWidth, width, mlpBias);
        } else {
            linear(layer + "mlp.up_proj", mlpWidth, width, mlpBias);
            if (mlp == Mlp::Gated)
                linear(layer + "mlp.gate_proj", mlpWidth, width, mlpBias);
        }
        linear(layer + "mlp.down_proj", width, mlpWidth, mlpBias);
        expected.push_back({layer + "layer_scale2.lambda1", {width}, {}});
    }
    norm("norm");
    if (!rotary()) {
        for (auto& tensor : expected)
            tensor.nameInFiles = dinov2NameInFiles(tensor.name, mlp == Mlp::FusedGated);
    }
    return expected;
}

TensorMap DinoEncoder::initialWeights(const DinoConfig& config, std::uint64_t seed)
{
    auto random = seededGenerator(seed);
    const auto normal = [&](const ExpectedTensor& tensor, double deviation) {
        return at::randn(tensor.shape, random, at::kFloat).clamp_(-2, 2).mul_(deviation);
    };
    TensorMap weights;
    for (const auto& tensor : config.expectedTensors()) {
        const auto& name = tensor.name;
        auto& value = weights[name];
        if (name.ends_with("_token") || name.ends_with("_tokens")) {
            value = normal(tensor, 0.02);
        } else if (name.ends_with("lambda1")) {
            value = at::full(tensor.shape, config.layerScale, at::kFloat);
        } else if (name.find("norm") != std::string::npos) {
            value =
                name.ends_with(".weight") ? at::ones(tensor.shape, at::kFloat) : at::zeros(tensor.shape, at::kFloat);
        } else if (name.ends_with(".bias")) {
            value = at::zeros(tensor.shape, at::kFloat);
        } else {
            // Variance kept through a layer; what adds to the residual stream is divided by the number of additions.
            std::int64_t fanIn = 1;
            for (std::size_t i = 1; i < tensor.shape.size(); ++i)
                fanIn *= tensor.shape[i];
            const bool addsToStream = name.ends_with("o_proj.weight") || name.ends_with("down_proj.weight");
            value = normal(tensor, 1 / std::sqrt(double(fanIn) * (addsToStream ? 2.0 * double(config.layers) : 1.0)));
        }
    }
    return weights;
}

void writeDinoFolder(const std::filesystem::path& folder, const DinoConfig& config, const TensorMap& weights,
                     const ImageNormalisation& normalisation)
{
    const auto configJson = config.toJson();
    auto tensors = canonicalDinoNames(weights, config);
    const EncoderWeights checked(tensors, config.expectedTensors(), "the weights for " + folder.string(), {});
    TensorMap written = checked.all();
    for (auto& [name, tensor] : written)
        tensor = tensor.detach().to(at::kFloat).cpu().contiguous();
    // Upstream's models hold these two always, so that their loader expects them.
    written.emplace("embeddings.mask_token", at::zeros({1, 1, config.width}, at::kFloat));
    written.emplace("embeddings.register_tokens", at::zeros({1, config.registers, config.width}, at::kFloat));

    writeFolderAtomically(folder, [&](const std::filesystem::path& temporary) {
        writeFileAtomically(temporary / "config.json", configJson.dump(2) + "\n");
        writeFileAtomically(temporary / "preprocessor_config.json",
                            dinov3ProcessorJson(normalisation, {config.imageSize, config.imageSize}).dump(2) + "\n");
        writeTensors(temporary / "model.safetensors", written, {{"format", "pt"}});
    });
}

} // namespace nanodit
