#include "core/encoders/activation.h"
#include "core/encoders/dino.h"
#include "core/encoders/json_fields.h"
#include "core/io/array.h"
#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit {

namespace {

/// image_size and patch_size may be written as one number or as [height, width].
std::pair<std::int64_t, std::int64_t> heightAndWidth(const JsonFields& fields, const std::string& key,
                                                     std::int64_t absent)
{
    if (!fields.has(key) || !fields.json()[key].is_array()) {
        const auto side = fields.count(key, absent);
        return {side, side};
    }
    const auto& sides = fields.json()[key];
    constexpr std::int64_t longest = 1'000'000; // as JsonFields::count
    const auto isSide = [](const nlohmann::json& side) {
        return side.is_number_integer() && side.get<std::int64_t>() >= 1 && side.get<std::int64_t>() <= longest;
    };
    if (sides.size() != 2 || !isSide(sides[0]) || !isSide(sides[1]))
        throw DataError(fields.source() + " has \"" + key + "\": " + sides.dump() +
                        ", where one size or [height, width] was expected");
    return {sides[0], sides[1]};
}

std::int64_t registersOf(const JsonFields& fields, std::int64_t absent)
{
    constexpr std::int64_t most = 1000;
    const auto registers = fields.integer("num_register_tokens", absent);
    if (registers < 0 || registers > most)
        throw DataError(fields.source() + " has " + std::to_string(registers) + " num_register_tokens, where 0 to " +
                        std::to_string(most) + " were expected");
    return registers;
}

void readDinov3(DinoConfig& config, const JsonFields& fields)
{
    config.mlpWidth = fields.count("intermediate_size", 1536);
    config.registers = registersOf(fields, 0);
    config.mlp = fields.boolean("use_gated_mlp", false) ? DinoConfig::Mlp::Gated : DinoConfig::Mlp::Plain;
    config.queryBias = fields.boolean("query_bias", true);
    config.keyBias = fields.boolean("key_bias", false);
    config.valueBias = fields.boolean("value_bias", true);
    config.projectionBias = fields.boolean("proj_bias", true);
    config.mlpBias = fields.boolean("mlp_bias", true);
    config.layerNormEps = fields.number("layer_norm_eps", 1e-5);
    config.ropeTheta = fields.number("rope_theta", 100.0);
    if (!fields.has("rope_parameters"))
        return;
    const JsonFields rope(fields.json()["rope_parameters"], fields.source() + " (rope_parameters)");
    config.ropeTheta = rope.number("rope_theta", config.ropeTheta);
    if (const auto type = rope.text("rope_type", "default"); type != "default")
        throw DataError(rope.source() + " has the rope_type \"" + type +
                        "\", where default was expected; copy the file again from where the model came from");
}

void readDinov2(DinoConfig& config, const JsonFields& fields)
{
    config.registers = config.kind == "dinov2" ? 0 : registersOf(fields, 4);
    const auto ratio = fields.number("mlp_ratio", 4);
    constexpr double largestRatio = 1000;
    if (!(ratio > 0 && ratio <= largestRatio))
        throw DataError(fields.source() + " has an mlp_ratio of " + nlohmann::json(ratio).dump() +
                        ", where a number above 0 was expected (4 is usual)");
    const auto plainWidth = std::int64_t(double(config.width) * ratio);
    if (fields.boolean("use_swiglu_ffn", false)) {
        config.mlp = DinoConfig::Mlp::FusedGated;
        config.mlpWidth = (std::int64_t(double(plainWidth) * 2 / 3) + 7) / 8 * 8;
        config.activation = "silu"; // whatever hidden_act says
    } else {
        config.mlpWidth = plainWidth;
    }
    config.queryBias = config.keyBias = config.valueBias = fields.boolean("qkv_bias", true);
    config.projectionBias = config.mlpBias = true;
    config.layerNormEps = fields.number("layer_norm_eps", 1e-6);
}

void expectWholeSizes(const DinoConfig& config, const std::string& source)
{
    if (config.width % config.heads != 0)
        throw DataError(source + " has hidden_size " + std::to_string(config.width) +
                        ", which is not a multiple of num_attention_heads " + std::to_string(config.heads));
    if (config.rotary() && config.headWidth() % 4 != 0)
        throw DataError(source + " gives heads a width of " + std::to_string(config.headWidth()) +
                        "; a rotary position in two dimensions needs a multiple of 4");
    if (config.channels != 3)
        throw DataError(source + " has " + std::to_string(config.channels) +
                        " num_channels; only encoders of pictures with 3 (red, green, blue) can be used");
    if (!(config.layerNormEps > 0 && config.layerNormEps < 1) || !(config.ropeTheta > 0))
        throw DataError(source + " has a layer_norm_eps of " + std::to_string(config.layerNormEps) +
                        " and a rope_theta of " + std::to_string(config.ropeTheta) +
                        "; a small number above 0 and a number above 0 were expected");
    if (config.mlpWidth < 1)
        throw DataError(source + " has an mlp_ratio that leaves the MLP no width");
}

} // namespace

DinoConfig DinoConfig::fromJson(const nlohmann::json& json, const std::string& source)
{
    const JsonFields fields(json, source);
    DinoConfig config;
    config.kind = fields.text("model_type", "");
    if (!fields.has("model_type") && fields.has("architecture"))
        throw DataError(source + " is a configuration of timm (\"" + fields.text("architecture", "") +
                        "\"), which is not read: put the config.json and preprocessor_config.json of the same model in "
                        "Hugging Face's layout in its place; weights under timm's names are read with them");
    if (config.kind != "dinov3_vit" && config.kind != "dinov2" && config.kind != "dinov2_with_registers")
        throw DataError(source + " is of model_type \"" + config.kind +
                        "\"; as DINO encoder dinov3_vit, dinov2 and dinov2_with_registers can be used");
    fields.expectUnquantised();
    const auto [patchHeight, patchWidth] = heightAndWidth(fields, "patch_size", config.rotary() ? 16 : 14);
    const auto [imageHeight, imageWidth] = heightAndWidth(fields, "image_size", 224);
    if (patchHeight != patchWidth)
        throw DataError(source + " has patches of " + std::to_string(patchHeight) + " x " + std::to_string(patchWidth) +
                        " pixels; only square ones are supported");
    config.patchSize = patchHeight;
    config.imageSize = imageHeight;
    config.width = fields.count("hidden_size", config.rotary() ? 384 : 768);
    config.layers = fields.count("num_hidden_layers", 12, mostLayers);
    config.heads = fields.count("num_attention_heads", config.rotary() ? 6 : 12);
    config.channels = fields.count("num_channels", 3);
    config.activation = fields.text("hidden_act", "gelu");
    config.layerScale = fields.number("layerscale_value", 1.0);
    if (config.rotary()) {
        readDinov3(config, fields);
    } else {
        readDinov2(config, fields);
        config.positions = (imageHeight / patchHeight) * (imageWidth / patchWidth);
    }
    expectWholeSizes(config, source);
    activationByName(config.activation, source);
    return config;
}

DinoConfig DinoConfig::load(const std::filesystem::path& folder)
{
    const auto fields = JsonFields::read(folder / "config.json");
    return fromJson(fields.json(), fields.source());
}

nlohmann::json DinoConfig::toJson() const
{
    if (!rotary())
        throw UsageError("only encoders of the kind dinov3_vit are written; this one is " + kind);
    return {
        {"architectures", {"DINOv3ViTModel"}},
        {"model_type", "dinov3_vit"},
        {"dtype", "float32"},
        {"attention_dropout", 0.0},
        {"drop_path_rate", 0.0},
        {"hidden_act", activation},
        {"hidden_size", width},
        {"image_size", imageSize},
        {"initializer_range", 0.02},
        {"intermediate_size", mlpWidth},
        {"key_bias", keyBias},
        {"layer_norm_eps", layerNormEps},
        {"layerscale_value", layerScale},
        {"mlp_bias", mlpBias},
        {"num_attention_heads", heads},
        {"num_channels", channels},
        {"num_hidden_layers", layers},
        {"num_register_tokens", registers},
        {"patch_size", patchSize},
        {"pos_embed_jitter", nullptr},
        {"pos_embed_rescale", 2.0},
        {"pos_embed_shift", nullptr},
        {"proj_bias", projectionBias},
        {"query_bias", queryBias},
        {"rope_theta", ropeTheta},
        {"use_gated_mlp", mlp == Mlp::Gated},
        {"value_bias", valueBias},
    };
}

} // namespace nanodit
