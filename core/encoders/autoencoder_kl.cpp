#include "core/encoders/autoencoder_kl.h"

#include "core/kernels/attention.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr double normEpsilon = 1e-6;

/// The architecture, walked once per pass; shared by encoder and decoder.
class Network {
public:
    /// `kernels`: the same weights, or those of the convolutions rounded to the type that these compute in.
    Network(const AutoencoderConfig& config, const TensorMap& weights, const TensorMap& kernels, PixelLayout layout,
            const AutoencoderKl::Tap& tap, const StopCheck& stop = never())
        : config_(config)
        , weights_(weights)
        , kernels_(kernels)
        , layout_(layout)
        , tap_(tap)
        , stop_(stop)
    {
    }

    static const StopCheck& never()
    {
        static const StopCheck nothing;
        return nothing;
    }

    /// [B, C, H, W] -> [B, 2 L, h, w]
    at::Tensor encoder(at::Tensor x) const
    {
        const auto levels = static_cast<std::int64_t>(config_.blockOutChannels.size());
        x = convolution(laidOut(x), "encoder.conv_in", 1);
        for (std::int64_t level = 0; level < levels; ++level) {
            const auto block = "encoder.down_blocks." + std::to_string(level);
            for (std::int64_t i = 0; i < config_.layersPerBlock; ++i)
                x = residual(x, block + ".resnets." + std::to_string(i));
            if (level + 1 < levels)
                x = tapped(downsample(x, block + ".downsamplers.0.conv"), block + ".downsamplers.0");
            tapped(x, block);
        }
        x = middle(x, "encoder.mid_block");
        x = tapped(norm(x, "encoder.conv_norm_out"), "encoder.conv_norm_out");
        x = convolution(at::silu(x), "encoder.conv_out", 1);
        return (config_.useQuantConv ? convolution(x, "quant_conv", 0) : x).contiguous();
    }

    /// [B, L, h, w] -> [B, C, H, W]
    at::Tensor decoder(at::Tensor x) const
    {
        const auto levels = static_cast<std::int64_t>(config_.blockOutChannels.size());
        x = laidOut(x);
        if (config_.usePostQuantConv)
            x = convolution(x, "post_quant_conv", 0);
        x = tapped(convolution(x, "decoder.conv_in", 1), "decoder.conv_in");
        x = middle(x, "decoder.mid_block");
        for (std::int64_t level = 0; level < levels; ++level) {
            const auto block = "decoder.up_blocks." + std::to_string(level);
            for (std::int64_t i = 0; i <= config_.layersPerBlock; ++i)
                x = residual(x, block + ".resnets." + std::to_string(i));
            if (level + 1 < levels) {
                x = at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
                x = tapped(convolution(x, block + ".upsamplers.0.conv", 1), block + ".upsamplers.0");
            }
            tapped(x, block);
        }
        x = tapped(norm(x, "decoder.conv_norm_out"), "decoder.conv_norm_out");
        return convolution(at::silu(x), "decoder.conv_out", 1).contiguous();
    }

private:
    /// Everything between convolutions keeps the layout that it is given.
    at::Tensor laidOut(const at::Tensor& x) const
    {
        return layout_ == PixelLayout::ChannelsLast ? x.contiguous(at::MemoryFormat::ChannelsLast) : x;
    }

    const at::Tensor& weight(const std::string& name) const { return weights_.at(name); }
    bool has(const std::string& name) const { return weights_.contains(name); }

    at::Tensor tapped(at::Tensor x, const std::string& module) const
    {
        if (tap_)
            tap_(module, x);
        return x;
    }

    at::Tensor convolution(const at::Tensor& x, const std::string& name, std::int64_t padding,
                           std::int64_t stride = 1) const
    {
        const auto& kernel = kernels_.at(name + ".weight");
        const auto& bias = kernels_.at(name + ".bias");
        return convolved(x.to(kernel.scalar_type()), kernel, bias, padding, stride).to(x.scalar_type());
    }

    /// Of one type; kernel: [out, in, side, side].
    at::Tensor convolved(const at::Tensor& x, const at::Tensor& kernel, const at::Tensor& bias, std::int64_t padding,
                         std::int64_t stride) const
    {
        leaveIfStopped(stop_);
        const auto positions = static_cast<double>(x.size(0) * (x.size(2) / stride) * (x.size(3) / stride));
        const auto operations = positions * static_cast<double>(kernel.numel());
        if (!stop_ || operations <= operationsAtOnce || !x.device().is_cpu())
            return at::conv2d(x, kernel, bias, stride, padding);
        // In strips of rows, with the rows above and below that they need: the same sums, in the same order. Only the
        // outermost strips are padded, and each goes into the result at once, so that this takes no more memory.
        const auto height = x.size(2), side = kernel.size(2), rows = (height + 2 * padding - side) / stride + 1;
        const auto parts = static_cast<std::int64_t>(operations / operationsAtOnce) + 1;
        const auto step = (rows + parts - 1) / parts;
        at::Tensor whole;
        for (std::int64_t first = 0; first < rows; first += step) {
            leaveIfStopped(stop_);
            const auto count = std::min(step, rows - first);
            const auto top = first * stride - padding, bottom = top + (count - 1) * stride + side;
            const auto above = std::max<std::int64_t>(0, -top), below = std::max<std::int64_t>(0, bottom - height);
            auto needed = x.narrow(2, top + above, bottom - below - (top + above));
            if (above + below > 0)
                needed = at::constant_pad_nd(needed, {0, 0, above, below});
            const auto strip = at::conv2d(needed, kernel, bias, stride, at::IntArrayRef{0, padding});
            if (!whole.defined())
                whole = at::empty({x.size(0), kernel.size(0), rows, strip.size(3)}, strip.options(),
                                  strip.suggest_memory_format());
            whole.narrow(2, first, count).copy_(strip);
        }
        return whole;
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

    /// One head over all positions, some queries at a time where somebody may stop it.
    at::Tensor attention(const at::Tensor& x, const std::string& name) const
    {
        const auto channels = x.size(1);
        const auto tokens = norm(x, name + ".group_norm").flatten(2).transpose(1, 2); // [B, N, C]
        const auto linear = [&](const at::Tensor& input, const std::string& part) {
            return at::linear(input, weight(name + "." + part + ".weight"), weight(name + "." + part + ".bias"));
        };
        const auto head = [&](const std::string& part) { return linear(tokens, part).unsqueeze(1); }; // [B, 1, N, C]
        const auto query = head("to_q"), key = head("to_k"), value = head("to_v");
        const double operationsOfQuery = 2.0 * static_cast<double>(tokens.size(0) * tokens.size(1) * channels);
        constexpr std::int64_t queriesOfThread = 128; // fewer take no longer than laying out the keys for them
        const auto slice = std::max(x.is_cpu() ? queriesOfThread * at::get_num_threads() : std::int64_t{1},
                                    static_cast<std::int64_t>(operationsAtOnce / operationsOfQuery));
        std::vector<at::Tensor> parts;
        for (const auto& queries : query.split(slice, 2)) {
            leaveIfStopped(stop_);
            parts.push_back(nanodit::attention(
                queries, key, value, {.scale = 1 / std::sqrt(static_cast<double>(channels)), .bias = {}, .prior = {}}));
        }
        const auto out = linear(at::cat(parts, 2).squeeze(1), "to_out.0"); // [B, N, C]
        return x + out.transpose(1, 2).reshape(x.sizes());
    }

    const AutoencoderConfig& config_;
    const TensorMap& weights_;
    const TensorMap& kernels_;
    PixelLayout layout_;
    const AutoencoderKl::Tap& tap_;
    const StopCheck& stop_;
};

} // namespace

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

PixelLayout AutoencoderKl::layoutNow() const
{
    // Backward, LibTorch 1.13 would put channels back at every norm.
    return device_.is_cpu() && !at::GradMode::is_enabled() ? layout_ : PixelLayout::ChannelsFirst;
}

const TensorMap& AutoencoderKl::kernelsNow() const
{
    return rounded_.empty() || at::GradMode::is_enabled() ? weights_ : rounded_;
}

LatentDistribution AutoencoderKl::encode(const at::Tensor& pictures, const Tap& tap) const
{
    return LatentDistribution::fromMoments(
        Network(config_, weights_, kernelsNow(), layoutNow(), tap).encoder(pictures.to(device_)));
}

std::optional<LatentDistribution> AutoencoderKl::encode(const at::Tensor& pictures, const StopCheck& stop) const
{
    const Tap none;
    try {
        return LatentDistribution::fromMoments(
            Network(config_, weights_, kernelsNow(), layoutNow(), none, stop).encoder(pictures.to(device_)));
    } catch (const EncodingStopped&) {
        return std::nullopt;
    }
}

at::Tensor AutoencoderKl::decode(const at::Tensor& latent, const Tap& tap) const
{
    return Network(config_, weights_, kernelsNow(), layoutNow(), tap).decoder(latent.to(device_));
}

std::optional<at::Tensor> AutoencoderKl::decode(const at::Tensor& latent, const StopCheck& stop) const
{
    const Tap none;
    try {
        return Network(config_, weights_, kernelsNow(), layoutNow(), none, stop).decoder(latent.to(device_));
    } catch (const EncodingStopped&) {
        return std::nullopt;
    }
}

at::Tensor AutoencoderKl::modelLatent(const at::Tensor& latent) const
{
    return (latent - config_.shiftFactor) * config_.scalingFactor;
}

at::Tensor AutoencoderKl::latentFromModel(const at::Tensor& latent) const
{
    return latent / config_.scalingFactor + config_.shiftFactor;
}

} // namespace nanodit
