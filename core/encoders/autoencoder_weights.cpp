#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/autoencoder_original_names.h"
#include "core/encoders/weights.h"
#include "core/io/array_tensors.h"
#include "core/io/atomic_file.h"
#include "core/io/model_folder.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

constexpr const char* weightsName = "diffusion_pytorch_model.safetensors";

/// Attention weights under the names that diffusers used before version 0.17.
TensorMap withCurrentNames(const TensorMap& weights)
{
    static const std::map<std::string, std::string> renamed = {
        {"query", "to_q"}, {"key", "to_k"}, {"value", "to_v"}, {"proj_attn", "to_out.0"}};
    TensorMap current;
    for (const auto& [name, tensor] : weights) {
        auto target = name;
        for (const auto& [before, now] : renamed) {
            const auto old = ".attentions.0." + before + ".";
            if (const auto at = name.find(old); at != std::string::npos)
                target = name.substr(0, at) + ".attentions.0." + now + "." + name.substr(at + old.size());
        }
        current.emplace(target, tensor);
    }
    return current;
}

/// Names and shapes of every weight, as in the file.
std::map<std::string, std::vector<std::int64_t>> shapesOf(const AutoencoderConfig& config)
{
    std::map<std::string, std::vector<std::int64_t>> shapes;
    const auto affine = [&](const std::string& name, std::int64_t channels) {
        shapes[name + ".weight"] = {channels};
        shapes[name + ".bias"] = {channels};
    };
    const auto convolution = [&](const std::string& name, std::int64_t from, std::int64_t to, std::int64_t side) {
        shapes[name + ".weight"] = {to, from, side, side};
        shapes[name + ".bias"] = {to};
    };
    const auto residual = [&](const std::string& name, std::int64_t from, std::int64_t to) {
        affine(name + ".norm1", from);
        convolution(name + ".conv1", from, to, 3);
        affine(name + ".norm2", to);
        convolution(name + ".conv2", to, to, 3);
        if (from != to)
            convolution(name + ".conv_shortcut", from, to, 1);
    };
    const auto middle = [&](const std::string& name, std::int64_t channels) {
        residual(name + ".resnets.0", channels, channels);
        residual(name + ".resnets.1", channels, channels);
        if (!config.midBlockAddAttention)
            return;
        affine(name + ".attentions.0.group_norm", channels);
        for (const auto* part : {"to_q", "to_k", "to_v", "to_out.0"}) {
            shapes[name + ".attentions.0." + part + ".weight"] = {channels, channels};
            shapes[name + ".attentions.0." + part + ".bias"] = {channels};
        }
    };

    const auto& widths = config.blockOutChannels;
    const auto levels = static_cast<std::int64_t>(widths.size());
    convolution("encoder.conv_in", config.inChannels, widths.front(), 3);
    auto channels = widths.front();
    for (std::int64_t level = 0; level < levels; ++level) {
        const auto block = "encoder.down_blocks." + std::to_string(level);
        for (std::int64_t i = 0; i < config.layersPerBlock; ++i) {
            residual(block + ".resnets." + std::to_string(i), channels, widths[static_cast<std::size_t>(level)]);
            channels = widths[static_cast<std::size_t>(level)];
        }
        if (level + 1 < levels)
            convolution(block + ".downsamplers.0.conv", channels, channels, 3);
    }
    middle("encoder.mid_block", channels);
    affine("encoder.conv_norm_out", channels);
    convolution("encoder.conv_out", channels, 2 * config.latentChannels, 3);
    if (config.useQuantConv)
        convolution("quant_conv", 2 * config.latentChannels, 2 * config.latentChannels, 1);
    if (config.usePostQuantConv)
        convolution("post_quant_conv", config.latentChannels, config.latentChannels, 1);

    channels = widths.back();
    convolution("decoder.conv_in", config.latentChannels, channels, 3);
    middle("decoder.mid_block", channels);
    for (std::int64_t level = 0; level < levels; ++level) {
        const auto block = "decoder.up_blocks." + std::to_string(level);
        const auto width = widths[static_cast<std::size_t>(levels - 1 - level)];
        for (std::int64_t i = 0; i <= config.layersPerBlock; ++i) {
            residual(block + ".resnets." + std::to_string(i), channels, width);
            channels = width;
        }
        if (level + 1 < levels)
            convolution(block + ".upsamplers.0.conv", channels, channels, 3);
    }
    affine("decoder.conv_norm_out", channels);
    convolution("decoder.conv_out", channels, config.outChannels, 3);
    return shapes;
}

/// The layout of the kernels stays.
TensorMap roundedConvolutions(const TensorMap& weights, at::ScalarType type)
{
    constexpr std::string_view kernel = ".weight";
    TensorMap rounded;
    for (const auto& [name, weight] : weights) {
        if (weight.dim() != 4 || !name.ends_with(kernel))
            continue;
        const auto bias = name.substr(0, name.size() - kernel.size()) + ".bias";
        rounded.emplace(name, weight.detach().to(type));
        rounded.emplace(bias, weights.at(bias).detach().to(type));
    }
    return rounded;
}

} // namespace

AutoencoderKl::AutoencoderKl(AutoencoderConfig config, TensorMap weights, const std::string& source,
                             const EncoderOptions& options)
    : config_(std::move(config))
    , device_(options.device)
    , layout_(options.layout)
{
    auto given = withoutPrefix(std::move(weights), "encoder.conv_in.weight");
    expectNoScales(given, source);
    if (hasOriginalAutoencoderNames(given))
        given = fromOriginalAutoencoderNames(given, static_cast<std::int64_t>(config_.blockOutChannels.size()));
    given = withCurrentNames(given);
    for (const auto& [name, shape] : shapesOf(config_)) {
        const auto found = given.find(name);
        if (found == given.end())
            throw DataError(source + " lacks the tensor " + name +
                            ", which its config.json asks for; the file is incomplete or of another model");
        if (found->second.sizes() != at::IntArrayRef(shape))
            throw DataError(source + " holds " + name + " of shape " + shapeText(found->second.sizes()) +
                            ", but its config.json asks for " + shapeText(shape) +
                            "; use the config.json that belongs to it");
        if (!found->second.is_floating_point())
            throw DataError(source + " holds " + name + " as " + dtypeName(found->second) +
                            ", where floating-point numbers were expected: quantised weights are not read; use the "
                            "float16, bfloat16 or float32 weights of the same model");
        auto weight = found->second.to(device_, at::kFloat);
        if (layout_ == PixelLayout::ChannelsLast && device_.is_cpu() && weight.dim() == 4 && !weight.requires_grad())
            weight = weight.contiguous(at::MemoryFormat::ChannelsLast); // once, not at every convolution
        weights_.emplace(name, weight);
    }
    if (options.convolutions != at::kFloat)
        rounded_ = roundedConvolutions(weights_, options.convolutions);
    for (const auto& [name, tensor] : given) { // without them, latents would be others
        const bool isPart = name.starts_with("encoder.") || name.starts_with("decoder.") ||
                            name.starts_with("quant_conv.") || name.starts_with("post_quant_conv.");
        if (isPart && !weights_.contains(name))
            throw DataError(source + " holds " + name +
                            ", which its config.json leaves out; use the config.json that belongs to it");
    }
}

AutoencoderKl AutoencoderKl::load(const std::filesystem::path& folder, const EncoderOptions& options)
{
    auto config = AutoencoderConfig::load(folder);
    const auto files = findModelFiles(folder);
    return AutoencoderKl(std::move(config), tensorsFromArrays(readWeightsFiles(files), files.source()), files.source(),
                         options);
}

void AutoencoderKl::save(const std::filesystem::path& folder, bool halfPrecision,
                         const std::map<std::string, std::string>& otherFiles) const
{
    TensorMap stored;
    for (const auto& [name, tensor] : weights_)
        stored.emplace(name, tensor.detach().to(at::kCPU, halfPrecision ? at::kHalf : at::kFloat).contiguous());
    writeFolderAtomically(folder, [&](const std::filesystem::path& inside) {
        writeFileAtomically(inside / "config.json", toJson(config_).dump(2) + "\n");
        writeTensors(inside / weightsName, stored, {{"format", "pt"}});
        for (const auto& [name, text] : otherFiles)
            writeFileAtomically(inside / name, text);
    });
}

TensorMap initialAutoencoderWeights(const AutoencoderConfig& config, std::uint64_t seed)
{
    auto generator = seededGenerator(seed);
    const auto shapes = shapesOf(config);
    TensorMap weights;
    for (const auto& [name, shape] : shapes) {
        const bool isNorm = name.find("norm") != std::string::npos;
        if (isNorm) {
            weights.emplace(name, name.ends_with(".weight") ? at::ones(shape) : at::zeros(shape));
            continue;
        }
        const auto& kernel = shapes.at(name.substr(0, name.rfind('.')) + ".weight");
        double fanIn = 1;
        for (std::size_t i = 1; i < kernel.size(); ++i)
            fanIn *= static_cast<double>(kernel[i]);
        const double bound = 1 / std::sqrt(fanIn);
        weights.emplace(name, at::empty(shape).uniform_(-bound, bound, generator));
    }
    return weights;
}

} // namespace nanodit
