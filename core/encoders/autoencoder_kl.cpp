#include "core/encoders/autoencoder_kl.h"

#include "core/io/atomic_file.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <unistd.h>

namespace nanodit {

namespace {

constexpr double normEpsilon = 1e-6;
constexpr const char* weightsName = "diffusion_pytorch_model.safetensors";

std::string child(const std::string& parent, const std::string& name, std::int64_t index)
{
    return parent + "." + name + "." + std::to_string(index);
}

/// The architecture, walked once per pass; shared by encoder and decoder.
class Network {
public:
    Network(const AutoencoderConfig& config, const TensorMap& weights, const AutoencoderKl::Tap& tap,
            const StopCheck& stop = never())
        : config_(config)
        , weights_(weights)
        , tap_(tap)
        , stop_(stop)
    {
    }

    static const StopCheck& never()
    {
        static const StopCheck nothing;
        return nothing;
    }

    at::Tensor encoder(at::Tensor x) const
    {
        const auto levels = static_cast<std::int64_t>(config_.blockOutChannels.size());
        x = convolution(x, "encoder.conv_in", 1);
        for (std::int64_t level = 0; level < levels; ++level) {
            const auto block = child("encoder", "down_blocks", level);
            for (std::int64_t i = 0; i < config_.layersPerBlock; ++i)
                x = residual(x, child(block, "resnets", i));
            if (level + 1 < levels)
                x = tapped(downsample(x, block + ".downsamplers.0.conv"), block + ".downsamplers.0");
            tapped(x, block);
        }
        x = middle(x, "encoder.mid_block");
        x = tapped(norm(x, "encoder.conv_norm_out"), "encoder.conv_norm_out");
        return convolution(at::silu(x), "encoder.conv_out", 1);
    }

    at::Tensor decoder(at::Tensor x) const
    {
        const auto levels = static_cast<std::int64_t>(config_.blockOutChannels.size());
        x = tapped(convolution(x, "decoder.conv_in", 1), "decoder.conv_in");
        x = middle(x, "decoder.mid_block");
        for (std::int64_t level = 0; level < levels; ++level) {
            const auto block = child("decoder", "up_blocks", level);
            for (std::int64_t i = 0; i <= config_.layersPerBlock; ++i)
                x = residual(x, child(block, "resnets", i));
            if (level + 1 < levels) {
                x = at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
                x = tapped(convolution(x, block + ".upsamplers.0.conv", 1), block + ".upsamplers.0");
            }
            tapped(x, block);
        }
        x = tapped(norm(x, "decoder.conv_norm_out"), "decoder.conv_norm_out");
        return convolution(at::silu(x), "decoder.conv_out", 1);
    }

    at::Tensor convolution(const at::Tensor& x, const std::string& name, std::int64_t padding,
                           std::int64_t stride = 1) const
    {
        const auto& kernel = weight(name + ".weight"); // [out, in, side, side]
        const auto& bias = weight(name + ".bias");
        leaveIfStopped(stop_);
        const auto positions = static_cast<double>(x.size(0) * (x.size(2) / stride) * (x.size(3) / stride));
        const auto operations = positions * static_cast<double>(kernel.numel());
        if (!stop_ || operations <= operationsAtOnce || !x.device().is_cpu())
            return at::conv2d(x, kernel, bias, stride, padding);
        // In strips of rows, with the rows above and below that they need: the same sums, in the same order.
        const auto padded = padding > 0 ? at::constant_pad_nd(x, {0, 0, padding, padding}) : x;
        const auto side = kernel.size(2), rows = (padded.size(2) - side) / stride + 1;
        const auto parts = static_cast<std::int64_t>(operations / operationsAtOnce) + 1;
        const auto step = (rows + parts - 1) / parts;
        std::vector<at::Tensor> strips;
        for (std::int64_t first = 0; first < rows; first += step) {
            leaveIfStopped(stop_);
            const auto count = std::min(step, rows - first);
            strips.push_back(at::conv2d(padded.narrow(2, first * stride, (count - 1) * stride + side), kernel, bias,
                                        stride, at::IntArrayRef{0, padding}));
        }
        return at::cat(strips, 2);
    }

private:
    const at::Tensor& weight(const std::string& name) const { return weights_.at(name); }
    bool has(const std::string& name) const { return weights_.contains(name); }

    at::Tensor tapped(at::Tensor x, const std::string& module) const
    {
        if (tap_)
            tap_(module, x);
        return x;
    }

    at::Tensor norm(const at::Tensor& x, const std::string& name) const
    {
        return at::group_norm(x, config_.normNumGroups, weight(name + ".weight"), weight(name + ".bias"), normEpsilon);
    }

    at::Tensor residual(const at::Tensor& x, const std::string& name) const
    {
        auto h = convolution(at::silu(norm(x, name + ".norm1")), name + ".conv1", 1);
        h = convolution(at::silu(norm(h, name + ".norm2")), name + ".conv2", 1);
        return (has(name + ".conv_shortcut.weight") ? convolution(x, name + ".conv_shortcut", 0) : x) + h;
    }

    /// One zero row below and one zero column at the right, then stride 2: the original's asymmetric padding.
    at::Tensor downsample(const at::Tensor& x, const std::string& name) const
    {
        return convolution(at::constant_pad_nd(x, {0, 1, 0, 1}), name, 0, 2);
    }

    at::Tensor middle(at::Tensor x, const std::string& name) const
    {
        x = residual(x, name + ".resnets.0");
        if (config_.midBlockAddAttention)
            x = tapped(attention(x, name + ".attentions.0"), name + ".attentions.0");
        return tapped(residual(x, name + ".resnets.1"), name);
    }

    /// One head over all positions. Queries go in slices, so that the matrix of logits stays below 64 MB.
    at::Tensor attention(const at::Tensor& x, const std::string& name) const
    {
        const auto channels = x.size(1);
        const auto linear = [&](const at::Tensor& input, const std::string& part) {
            return at::linear(input, weight(name + "." + part + ".weight"), weight(name + "." + part + ".bias"));
        };
        const auto tokens = norm(x, name + ".group_norm").flatten(2).transpose(1, 2); // [B, N, C]
        const auto query = linear(tokens, "to_q") / std::sqrt(static_cast<double>(channels));
        const auto key = linear(tokens, "to_k").transpose(1, 2); // [B, C, N]
        const auto value = linear(tokens, "to_v");
        const auto slice = std::max<std::int64_t>(1, (std::int64_t{16} << 20) / (tokens.size(0) * tokens.size(1)));
        std::vector<at::Tensor> parts;
        for (const auto& queries : query.split(slice, 1)) {
            leaveIfStopped(stop_);
            parts.push_back(at::matmul(at::softmax(at::matmul(queries, key), -1), value));
        }
        const auto out = linear(at::cat(parts, 1), "to_out.0"); // [B, N, C]
        return x + out.transpose(1, 2).reshape(x.sizes());
    }

    const AutoencoderConfig& config_;
    const TensorMap& weights_;
    const AutoencoderKl::Tap& tap_;
    const StopCheck& stop_;
};

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

/// Weight of each position across a tile's blended seams: rises over the overlap at its start, falls at its end.
at::Tensor seamWeights(std::int64_t length, std::int64_t overlap, bool first, bool last,
                       const at::TensorOptions& options)
{
    auto weights = at::ones({length}, options);
    const auto ramp = (at::arange(overlap, options) + 0.5) / static_cast<double>(overlap);
    if (!first)
        weights.slice(0, 0, overlap).copy_(ramp);
    if (!last)
        weights.slice(0, length - overlap, length).mul_(ramp.flip(0));
    return weights;
}

std::vector<std::int64_t> tileStarts(std::int64_t length, std::int64_t tile, std::int64_t overlap)
{
    std::vector<std::int64_t> starts = {0};
    while (starts.back() + tile < length)
        starts.push_back(std::min(starts.back() + tile - overlap, length - tile));
    return starts;
}

} // namespace

AutoencoderConfig autoencoderConfigFromJson(const nlohmann::json& json, const std::string& source)
{
    const auto refuse = [&source](const std::string& what) {
        return DataError(source + " is no AutoencoderKL configuration that can be used: " + what);
    };
    if (!json.is_object() || !json.contains("block_out_channels"))
        throw refuse("it has no block_out_channels; name the vae folder of a diffusers model");
    AutoencoderConfig config;
    try {
        const auto number = [&json](const char* key, auto fallback) { return json.value(key, fallback); };
        config.inChannels = number("in_channels", std::int64_t{3});
        config.outChannels = number("out_channels", std::int64_t{3});
        config.blockOutChannels = json.at("block_out_channels").get<std::vector<std::int64_t>>();
        config.layersPerBlock = number("layers_per_block", std::int64_t{1});
        config.latentChannels = number("latent_channels", std::int64_t{4});
        config.normNumGroups = number("norm_num_groups", std::int64_t{32});
        config.useQuantConv = number("use_quant_conv", true);
        config.usePostQuantConv = number("use_post_quant_conv", true);
        config.midBlockAddAttention = number("mid_block_add_attention", true);
        config.scalingFactor = number("scaling_factor", 0.18215);
        if (json.contains("shift_factor") && !json.at("shift_factor").is_null())
            config.shiftFactor = json.at("shift_factor").get<double>();
        if (number("act_fn", std::string("silu")) != "silu")
            throw refuse("act_fn is \"" + json.at("act_fn").get<std::string>() + "\", only silu is known");
        for (const auto* key : {"down_block_types", "up_block_types"}) {
            for (const auto& type : json.value(key, nlohmann::json::array())) {
                if (type != "DownEncoderBlock2D" && type != "UpDecoderBlock2D")
                    throw refuse(std::string(key) + " holds " + type.dump() +
                                 ", only DownEncoderBlock2D and UpDecoderBlock2D are known");
            }
        }
    } catch (const nlohmann::json::exception& error) {
        throw refuse(error.what());
    }
    const auto inRange = [](std::int64_t value, std::int64_t most) { return value >= 1 && value <= most; };
    if (config.blockOutChannels.empty() || config.blockOutChannels.size() > 8)
        throw refuse("block_out_channels must hold 1 to 8 numbers");
    if (!inRange(config.layersPerBlock, 64) || !inRange(config.latentChannels, 4096) ||
        !inRange(config.inChannels, 64) || !inRange(config.outChannels, 64) || !inRange(config.normNumGroups, 4096))
        throw refuse("a number of channels, layers or groups is out of range");
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

LatentDistribution LatentDistribution::fromMoments(const at::Tensor& moments)
{
    const auto halves = moments.chunk(2, 1);
    return {.moments = moments, .mean = halves[0], .logvar = halves[1].clamp(-30, 20)};
}

at::Tensor LatentDistribution::std() const
{
    return (0.5 * logvar).exp();
}

at::Tensor LatentDistribution::var() const
{
    return logvar.exp();
}

at::Tensor LatentDistribution::sample(const at::Tensor& noise) const
{
    return mean + std() * noise;
}

at::Tensor LatentDistribution::kl() const
{
    return 0.5 * (mean.square() + var() - 1 - logvar).sum({1, 2, 3});
}

AutoencoderKl::AutoencoderKl(AutoencoderConfig config, TensorMap weights, const std::string& source)
    : config_(std::move(config))
{
    auto given = withCurrentNames(weights);
    for (const auto& [name, shape] : autoencoderShapes(config_)) {
        const auto found = given.find(name);
        if (found == given.end())
            throw DataError(source + " lacks the tensor " + name +
                            ", which its config.json asks for; the file is incomplete or of another model");
        if (found->second.sizes() != at::IntArrayRef(shape))
            throw DataError(source + " holds " + name + " of shape " + shapeText(found->second.sizes()) +
                            ", but its config.json asks for " + shapeText(shape) +
                            "; use the config.json that belongs to it");
        weights_.emplace(name, found->second.to(at::kFloat));
    }
}

AutoencoderKl AutoencoderKl::load(const std::filesystem::path& folder)
{
    const auto configFile = folder / "config.json";
    const auto json = nlohmann::json::parse(readTextFile(configFile), nullptr, false);
    auto config = autoencoderConfigFromJson(json, configFile.string());
    const auto file = folder / weightsName;
    const auto index = folder / (std::string(weightsName) + ".index.json");
    const auto& weights = !std::filesystem::exists(file) && std::filesystem::exists(index) ? index : file;
    return AutoencoderKl(std::move(config), readTensors(weights), weights.string());
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

LatentDistribution AutoencoderKl::encode(const at::Tensor& pictures, const Tap& tap) const
{
    const Network network(config_, weights_, tap);
    auto moments = network.encoder(pictures);
    if (config_.useQuantConv)
        moments = network.convolution(moments, "quant_conv", 0);
    return LatentDistribution::fromMoments(moments);
}

std::optional<LatentDistribution> AutoencoderKl::encode(const at::Tensor& pictures, const StopCheck& stop) const
{
    const Tap none;
    const Network network(config_, weights_, none, stop);
    try {
        auto moments = network.encoder(pictures);
        if (config_.useQuantConv)
            moments = network.convolution(moments, "quant_conv", 0);
        return LatentDistribution::fromMoments(moments);
    } catch (const EncodingStopped&) {
        return std::nullopt;
    }
}

at::Tensor AutoencoderKl::decode(const at::Tensor& latent, const Tap& tap) const
{
    const Network network(config_, weights_, tap);
    return network.decoder(config_.usePostQuantConv ? network.convolution(latent, "post_quant_conv", 0) : latent);
}

at::Tensor AutoencoderKl::decodeTiled(const at::Tensor& latent, std::int64_t tileSide, std::int64_t overlap) const
{
    const auto factor = config_.factor();
    const auto rows = latent.size(2), cols = latent.size(3);
    const auto tileRows = std::min(tileSide, rows), tileCols = std::min(tileSide, cols);
    const auto rowStarts = tileStarts(rows, tileRows, overlap);
    const auto colStarts = tileStarts(cols, tileCols, overlap);
    const auto options = latent.options().dtype(at::kFloat);
    auto sum = at::zeros({latent.size(0), config_.outChannels, rows * factor, cols * factor}, options);
    auto weightSum = at::zeros({rows * factor, cols * factor}, options);
    for (const auto top : rowStarts) {
        for (const auto left : colStarts) {
            const auto tile = decode(latent.slice(2, top, top + tileRows).slice(3, left, left + tileCols));
            const auto vertical =
                seamWeights(tileRows * factor, overlap * factor, top == 0, top + tileRows == rows, options);
            const auto horizontal =
                seamWeights(tileCols * factor, overlap * factor, left == 0, left + tileCols == cols, options);
            const auto weights = vertical.unsqueeze(1) * horizontal.unsqueeze(0);
            const auto place = [&](const at::Tensor& whole) {
                return whole.slice(-2, top * factor, (top + tileRows) * factor)
                    .slice(-1, left * factor, (left + tileCols) * factor);
            };
            place(sum).add_(tile * weights);
            place(weightSum).add_(weights);
        }
    }
    return sum / weightSum;
}

std::int64_t AutoencoderKl::decodeBytes(at::IntArrayRef latentShape) const
{
    // The finest resolution enters its first residual block with the next coarser one's channels; input, normalised
    // input, its activation and the convolution's output live together.
    const auto& channels = config_.blockOutChannels;
    const auto widest = channels.size() > 1 ? channels[1] : channels[0];
    const auto pixels = latentShape[0] * latentShape[2] * latentShape[3] * config_.factor() * config_.factor();
    return pixels * 4 * (3 * widest + channels[0]);
}

at::Tensor AutoencoderKl::decodeWithinMemory(const at::Tensor& latent) const
{
    const auto machine = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    return decodeBytes(latent.sizes()) > machine / 4 ? decodeTiled(latent) : decode(latent);
}

at::Tensor AutoencoderKl::modelLatent(const at::Tensor& latent) const
{
    return (latent - config_.shiftFactor) * config_.scalingFactor;
}

at::Tensor AutoencoderKl::latentFromModel(const at::Tensor& latent) const
{
    return latent / config_.scalingFactor + config_.shiftFactor;
}

std::map<std::string, std::vector<std::int64_t>> autoencoderShapes(const AutoencoderConfig& config)
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
        const auto block = child("encoder", "down_blocks", level);
        for (std::int64_t i = 0; i < config.layersPerBlock; ++i) {
            residual(child(block, "resnets", i), channels, widths[static_cast<std::size_t>(level)]);
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
        const auto block = child("decoder", "up_blocks", level);
        const auto width = widths[static_cast<std::size_t>(levels - 1 - level)];
        for (std::int64_t i = 0; i <= config.layersPerBlock; ++i) {
            residual(child(block, "resnets", i), channels, width);
            channels = width;
        }
        if (level + 1 < levels)
            convolution(block + ".upsamplers.0.conv", channels, channels, 3);
    }
    affine("decoder.conv_norm_out", channels);
    convolution("decoder.conv_out", channels, config.outChannels, 3);
    return shapes;
}

TensorMap initialAutoencoderWeights(const AutoencoderConfig& config, std::uint64_t seed)
{
    auto generator = at::detail::createCPUGenerator(seed);
    const auto shapes = autoencoderShapes(config);
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
