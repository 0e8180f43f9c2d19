#include "core/encoders/autoencoder_kl.h"
#include "core/io/json_fault.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <cmath>

namespace nanodit {

AutoencoderConfig autoencoderConfigFromJson(const nlohmann::json& json, const std::string& source)
{
    const auto refuse = [&source](const std::string& what) {
        return DataError(source + " is no AutoencoderKL configuration that can be used: " + what);
    };
    if (!json.is_object())
        throw refuse("it is no JSON object");
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
    AutoencoderConfig config;
    try {
        const auto number = [&](const char* key, auto fallback) {
            return given(key) ? json.at(key).get<decltype(fallback)>() : fallback;
        };
        config.inChannels = number("in_channels", std::int64_t{3});
        config.outChannels = number("out_channels", std::int64_t{3});
        config.blockOutChannels = json.at("block_out_channels").get<std::vector<std::int64_t>>();
        config.layersPerBlock = number("layers_per_block", std::int64_t{1});
        config.latentChannels = number("latent_channels", std::int64_t{4});
        config.normNumGroups = number("norm_num_groups", std::int64_t{32});
        config.useQuantConv = number("use_quant_conv", true);
        config.usePostQuantConv = number("use_post_quant_conv", true);
        config.midBlockAddAttention = number("mid_block_add_attention", true);
        config.scalingAssumed = !given("scaling_factor");
        if (!config.scalingAssumed)
            config.scalingFactor = json.at("scaling_factor").get<double>();
        if (given("shift_factor"))
            config.shiftFactor = json.at("shift_factor").get<double>();
        if (number("act_fn", std::string("silu")) != "silu")
            throw refuse("act_fn is \"" + json.at("act_fn").get<std::string>() + "\", only silu is known");
        for (const auto* key : {"down_block_types", "up_block_types"}) {
            if (given(key) && json.at(key).size() != config.blockOutChannels.size())
                throw refuse(std::string(key) + " names " + std::to_string(json.at(key).size()) + " blocks, but " +
                             "block_out_channels has " + std::to_string(config.blockOutChannels.size()));
            for (const auto& type : json.value(key, nlohmann::json::array())) {
                if (type != "DownEncoderBlock2D" && type != "UpDecoderBlock2D")
                    throw refuse(std::string(key) + " holds " + type.dump() +
                                 ", only DownEncoderBlock2D and UpDecoderBlock2D are known");
            }
        }
    } catch (const nlohmann::json::exception& error) {
        throw refuse(jsonFault(error));
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
    for (const auto channels : config.blockOutChannels) {
        if (!inRange(channels, 65536) || channels % config.normNumGroups != 0)
            throw refuse("block_out_channels must be multiples of norm_num_groups (" +
                         std::to_string(config.normNumGroups) + "), but one is " + std::to_string(channels));
    }
    if (config.scalingFactor == 0 || !std::isfinite(config.scalingFactor) || !std::isfinite(config.shiftFactor))
        throw refuse("scaling_factor and shift_factor must be finite, and the first not zero");
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
