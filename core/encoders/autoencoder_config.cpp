#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/json_fields.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace nanodit {

AutoencoderConfig AutoencoderConfig::load(const std::filesystem::path& folder)
{
    const auto fields = JsonFields::read(folder / "config.json");
    return autoencoderConfigFromJson(fields.json(), fields.source());
}

AutoencoderConfig autoencoderConfigFromJson(const nlohmann::json& json, const std::string& source)
{
    const auto refuse = [&source](const std::string& what) {
        return DataError(source + " is not an AutoencoderKL configuration that can be used: " + what);
    };
    if (!json.is_object())
        throw refuse("it is not a JSON object");
    const auto given = [&json](const char* key) { return json.contains(key) && !json.at(key).is_null(); };
    if (given("_class_name") && json.at("_class_name") != "AutoencoderKL")
        throw refuse("it is of the class " + json.at("_class_name").dump() +
                     ", whose latents are made in another way; only AutoencoderKL is read");
    for (const auto* const key :
         {"latents_mean", "latents_std", "batch_norm_eps", "batch_norm_momentum", "latents_bn"}) {
        if (given(key))
            throw refuse(std::string("its latents are normalised by ") + key +
                         ", which is not done here; only scaling_factor and shift_factor are");
    }
    if (!given("block_out_channels"))
        throw refuse("it has no block_out_channels; name the vae folder of a diffusers model");
    const JsonFields fields(json, source);
    AutoencoderConfig config;
    config.inChannels = fields.integer("in_channels", 3);
    config.outChannels = fields.integer("out_channels", 3);
    const auto& channels = json.at("block_out_channels");
    if (!channels.is_array() ||
        !std::ranges::all_of(channels, [](const nlohmann::json& one) { return one.is_number_integer(); }))
        throw refuse("block_out_channels is " + channels.dump() + ", where a list of whole numbers was expected");
    config.blockOutChannels = channels.get<std::vector<std::int64_t>>();
    config.layersPerBlock = fields.integer("layers_per_block", 1);
    config.latentChannels = fields.integer("latent_channels", 4);
    config.normNumGroups = fields.integer("norm_num_groups", 32);
    config.useQuantConv = fields.boolean("use_quant_conv", true);
    config.usePostQuantConv = fields.boolean("use_post_quant_conv", true);
    config.midBlockAddAttention = fields.boolean("mid_block_add_attention", true);
    config.scalingAssumed = !given("scaling_factor");
    config.scalingFactor = fields.number("scaling_factor", config.scalingFactor);
    config.shiftFactor = fields.number("shift_factor", config.shiftFactor);
    if (const auto activation = fields.text("act_fn", "silu"); activation != "silu")
        throw refuse("act_fn is \"" + activation + "\", only silu is known");
    for (const auto* key : {"down_block_types", "up_block_types"}) {
        if (!given(key))
            continue;
        const auto& types = json.at(key);
        if (!types.is_array() || types.size() != config.blockOutChannels.size())
            throw refuse(std::string(key) + " is " + types.dump() + ", where a list of as many blocks as " +
                         "block_out_channels has was expected (" + std::to_string(config.blockOutChannels.size()) +
                         ")");
        for (const auto& type : types) {
            if (type != "DownEncoderBlock2D" && type != "UpDecoderBlock2D")
                throw refuse(std::string(key) + " holds " + type.dump() +
                             ", only DownEncoderBlock2D and UpDecoderBlock2D are known");
        }
    }
    const auto inRange = [](std::int64_t value, std::int64_t most) { return value >= 1 && value <= most; };
    if (config.blockOutChannels.empty() || config.blockOutChannels.size() > 8)
        throw refuse("block_out_channels must hold 1 to 8 numbers");
    if (!inRange(config.layersPerBlock, 64) || !inRange(config.latentChannels, 4096) ||
        !inRange(config.inChannels, 64) || !inRange(config.outChannels, 64) || !inRange(config.normNumGroups, 4096))
        throw refuse("a number of channels, layers or groups is out of range");
    if (config.inChannels != 3 || config.outChannels != 3)
        throw refuse("in_channels and out_channels must be 3 (red, green, blue), but are " +
                     std::to_string(config.inChannels) + " and " + std::to_string(config.outChannels));
    constexpr std::int64_t stableDiffusionChannels = 4;
    if (config.scalingAssumed && config.latentChannels != stableDiffusionChannels)
        throw refuse("it gives no scaling_factor, and the usual 0.18215 belongs to autoencoders of 4 latent channels, "
                     "while this one has " +
                     std::to_string(config.latentChannels) +
                     "; write the model's own into the file (FLUX.1: scaling_factor 0.3611, shift_factor 0.1159; SD3: "
                     "1.5305 and 0.0609)");
    for (const auto width : config.blockOutChannels) {
        if (!inRange(width, 65536) || width % config.normNumGroups != 0)
            throw refuse("block_out_channels must be multiples of norm_num_groups (" +
                         std::to_string(config.normNumGroups) + "), but one is " + std::to_string(width));
    }
    if (!(config.scalingFactor > 0) || !std::isfinite(config.scalingFactor) || !std::isfinite(config.shiftFactor))
        throw refuse("scaling_factor and shift_factor must be finite, and the first above 0, but they are " +
                     nlohmann::json(config.scalingFactor).dump() + " and " + nlohmann::json(config.shiftFactor).dump() +
                     "; copy the file again from where the model came from");
    return config;
}

nlohmann::json toJson(const AutoencoderConfig& config)
{
    const std::vector<std::string> down(config.blockOutChannels.size(), "DownEncoderBlock2D");
    const std::vector<std::string> up(config.blockOutChannels.size(), "UpDecoderBlock2D");
    return {{"_class_name", "AutoencoderKL"},
            {"act_fn", "silu"},
            {"in_channels", config.inChannels},
            {"out_channels", config.outChannels},
            {"block_out_channels", config.blockOutChannels},
            {"down_block_types", down},
            {"up_block_types", up},
            {"layers_per_block", config.layersPerBlock},
            {"latent_channels", config.latentChannels},
            {"norm_num_groups", config.normNumGroups},
            {"use_quant_conv", config.useQuantConv},
            {"use_post_quant_conv", config.usePostQuantConv},
            {"mid_block_add_attention", config.midBlockAddAttention},
            {"scaling_factor", config.scalingFactor},
            {"shift_factor", config.shiftFactor}};
}

} // namespace nanodit
