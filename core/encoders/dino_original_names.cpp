#include "core/encoders/dino_weights.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

using Renaming = std::pair<const char*, const char*>;

/// Of tensors outside the blocks: facebookresearch/dinov2, facebookresearch/dinov3 and timm.
constexpr std::array<Renaming, 8> outside = {{{"cls_token", "embeddings.cls_token"},
                                              {"register_tokens", "embeddings.register_tokens"},
                                              {"storage_tokens", "embeddings.register_tokens"},
                                              {"reg_token", "embeddings.register_tokens"},
                                              {"patch_embed.proj.weight", "embeddings.patch_embeddings.weight"},
                                              {"patch_embed.proj.bias", "embeddings.patch_embeddings.bias"},
                                              {"norm.weight", "norm.weight"},
                                              {"norm.bias", "norm.bias"}}};

/// Within a block. w12 and the fused fc1 hold gate and up in one matrix; w1 is the gate, w2 up, w3 down.
constexpr std::array<Renaming, 16> inside = {{{"norm1.", "norm1."},
                                              {"norm2.", "norm2."},
                                              {"attn.proj.", "attention.o_proj."},
                                              {"ls1.gamma", "layer_scale1.lambda1"},
                                              {"ls2.gamma", "layer_scale2.lambda1"},
                                              {"gamma_1", "layer_scale1.lambda1"},
                                              {"gamma_2", "layer_scale2.lambda1"},
                                              {"mlp.fc1_g.", "mlp.gate_proj."},
                                              {"mlp.fc1_x.", "mlp.up_proj."},
                                              {"mlp.fc1.", "mlp.up_proj."},
                                              {"mlp.fc2.", "mlp.down_proj."},
                                              {"mlp.w12.", "mlp.gate_up_proj."},
                                              {"mlp.w1.", "mlp.gate_proj."},
                                              {"mlp.w2.", "mlp.up_proj."},
                                              {"mlp.w3.", "mlp.down_proj."},
                                              {"mlp.weights_in.", "mlp.gate_up_proj."}}};

/// "blocks.7.attn.qkv.weight" or, of models saved in chunks, "blocks.1.7.attn.qkv.weight" as {"7", "attn.qkv.weight"};
/// the number of a block counts through all chunks. Empty for other names.
std::pair<std::string, std::string> blockAndRest(const std::string& name)
{
    constexpr std::string_view begin = "blocks.";
    if (!name.starts_with(begin))
        return {};
    std::string block, rest = name.substr(begin.size());
    while (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest.front())) != 0) {
        const auto dot = rest.find('.');
        if (dot == std::string::npos)
            return {};
        block = rest.substr(0, dot);
        rest.erase(0, dot + 1);
    }
    return {block, rest};
}

/// query, key and value, one below the other, as views of the three.
void addThirds(TensorMap& canonical, const std::string& layer, const std::string& ending, const at::Tensor& qkv)
{
    if (qkv.dim() == 0 || qkv.size(0) % 3 != 0) {
        canonical.emplace(layer + "attention.q_proj" + ending, qkv); // whose shape then does not fit, and is told
        return;
    }
    const auto width = qkv.size(0) / 3;
    constexpr std::array parts = {"q_proj", "k_proj", "v_proj"};
    for (std::size_t i = 0; i < parts.size(); ++i)
        canonical.emplace(layer + "attention." + parts[i] + ending,
                          qkv.narrow(0, static_cast<std::int64_t>(i) * width, width));
}

void addOfBlock(TensorMap& canonical, const std::string& block, const std::string& rest, const at::Tensor& tensor,
                const DinoConfig& config)
{
    const auto layer = "layer." + block + ".";
    if (rest == "attn.qkv.weight" || rest == "attn.qkv.bias")
        return addThirds(canonical, layer, rest.substr(rest.rfind('.')), tensor);
    if (rest == "attn.q_bias" || rest == "attn.v_bias") // timm's of EVA; it has no bias of keys
        return void(canonical.emplace(layer + "attention." + rest[5] + "_proj.bias", tensor));
    for (const auto& [theirs, ours] : inside) {
        if (!rest.starts_with(theirs))
            continue;
        auto name = ours + rest.substr(std::string_view(theirs).size());
        // timm calls the fused matrix of gate and up fc1 as well.
        if (config.mlp == DinoConfig::Mlp::FusedGated && name.starts_with("mlp.up_proj."))
            name.replace(0, 12, "mlp.gate_up_proj.");
        canonical.emplace(layer + name, tensor);
        return;
    }
}

/// timm adds the position of CLS to the CLS token where there are registers, and leaves biases out that are all zero.
void addWhatTimmLeavesOut(TensorMap& canonical, const DinoConfig& config)
{
    const auto position = canonical.find("embeddings.position_embeddings");
    if (position != canonical.end() && position->second.dim() == 3 && position->second.size(1) == config.positions)
        position->second =
            at::cat({at::zeros({1, 1, position->second.size(2)}, position->second.options()), position->second}, 1);
    for (const auto& expected : config.expectedTensors()) {
        const bool isAttentionBias = expected.name.ends_with("q_proj.bias") || expected.name.ends_with("v_proj.bias");
        const auto weight = expected.name.substr(0, expected.name.size() - 4) + "weight";
        if (isAttentionBias && !canonical.contains(expected.name) && canonical.contains(weight))
            canonical.emplace(expected.name, at::zeros(expected.shape));
    }
}

} // namespace

bool hasOriginalDinoNames(const TensorMap& tensors)
{
    return std::any_of(tensors.begin(), tensors.end(),
                       [](const auto& item) { return item.first.ends_with("patch_embed.proj.weight"); });
}

TensorMap fromOriginalDinoNames(TensorMap tensors, const DinoConfig& config)
{
    const auto given = withoutPrefix(std::move(tensors), "patch_embed.proj.weight");
    TensorMap canonical;
    bool timm = given.contains("reg_token");
    for (const auto& [name, tensor] : given) {
        if (const auto [block, rest] = blockAndRest(name); !block.empty()) {
            timm = timm || rest == "gamma_1";
            addOfBlock(canonical, block, rest, tensor, config);
        } else if (name == "pos_embed") {
            canonical.emplace("embeddings.position_embeddings", tensor);
        } else {
            for (const auto& [theirs, ours] : outside) {
                if (name == theirs)
                    canonical.emplace(ours, tensor);
            }
        }
    }
    if (timm)
        addWhatTimmLeavesOut(canonical, config);
    // DINOv3 as published has a bias of keys in its fused matrix, and a mask that makes nothing of it.
    if (!config.keyBias && config.queryBias)
        std::erase_if(canonical, [](const auto& item) { return item.first.ends_with(".k_proj.bias"); });
    return canonical;
}

} // namespace nanodit
