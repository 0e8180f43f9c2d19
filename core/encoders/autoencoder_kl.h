#pragma once

#include "core/encoders/encoder_options.h"
#include "core/encoders/stop.h"
#include "core/io/tensor.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Shape of an AutoencoderKL, as in the config.json of a diffusers folder.
struct AutoencoderConfig {
    std::int64_t inChannels = 3;
    std::int64_t outChannels = 3;
    std::vector<std::int64_t> blockOutChannels = {128, 256, 512, 512}; ///< One per resolution, finest first.
    std::int64_t layersPerBlock = 2; ///< Residual blocks per resolution; the decoder has one more.
    std::int64_t latentChannels = 16;
    std::int64_t normNumGroups = 32;
    bool useQuantConv = false;
    bool usePostQuantConv = false;
    bool midBlockAddAttention = true;
    double scalingFactor = 0.18215;
    bool scalingAssumed = false; ///< The file gives none: this is the value that diffusers then takes.
    double shiftFactor = 0;      ///< null in the file counts as 0.

    /// Pixels per latent pixel along each side: 8 with four resolutions.
    std::int64_t factor() const { return std::int64_t{1} << (blockOutChannels.size() - 1); }

    /// Of a model's folder. Throws DataError naming its config.json.
    static AutoencoderConfig load(const std::filesystem::path& folder);
};
/// Throws DataError naming `source` for keys of another architecture or of the wrong type.
AutoencoderConfig autoencoderConfigFromJson(const nlohmann::json& json, const std::string& source);
nlohmann::json toJson(const AutoencoderConfig& config);

/// What the encoder gives: a Gaussian per latent element.
struct LatentDistribution {
    at::Tensor moments; ///< [B, 2 L, h, w] as the network gives them.
    at::Tensor mean;    ///< [B, L, h, w]
    at::Tensor logvar;  ///< [B, L, h, w], clamped to [-30, 20].

    static LatentDistribution fromMoments(const at::Tensor& moments);
    at::Tensor std() const;
    at::Tensor var() const;
    /// mean + std * noise
    at::Tensor sample(const at::Tensor& noise) const;
    /// Divergence from the unit Gaussian, summed over a picture: [B].
    at::Tensor kl() const;
};

/// diffusers' AutoencoderKL (models/autoencoders/{autoencoder_kl,vae}.py) as functions of its weights: differentiable
/// in pictures, latents and weights, so that the same code trains the demo's own. Callers that do not train hold a
/// NoGradGuard.
///
/// Shapes: B pictures, C channels, H W pixels (multiples of factor()), L latent channels, h = H / factor, w = W /
/// factor.
class AutoencoderKl {
public:
    /// Intermediate results by module name ("encoder.down_blocks.0"), for comparison with the original.
    using Tap = std::function<void(const std::string& module, const at::Tensor& value)>;

    /// Throws DataError naming the first tensor of `weights` that is missing or has another shape.
    AutoencoderKl(AutoencoderConfig config, TensorMap weights, const std::string& source = "the autoencoder",
                  const EncoderOptions& options = {});
    /// A folder with config.json and diffusion_pytorch_model.safetensors (or shards). Half-precision weights compute in
    /// float32, and so does everything else here, whatever the options' precision; only `convolutions` says otherwise.
    static AutoencoderKl load(const std::filesystem::path& folder, const EncoderOptions& options = {});
    /// The same layout, whole or not at all; `halfPrecision` stores float16.
    void save(const std::filesystem::path& folder, bool halfPrecision,
              const std::map<std::string, std::string>& otherFiles = {}) const;

    /// [B, C, H, W] in [-1, 1]
    LatentDistribution encode(const at::Tensor& pictures, const Tap& tap = {}) const;
    /// The same; empty when `stop` said so, which is asked within layers, too.
    std::optional<LatentDistribution> encode(const at::Tensor& pictures, const StopCheck& stop) const;
    /// [B, L, h, w], not scaled, to [B, C, H, W] in about [-1, 1].
    at::Tensor decode(const at::Tensor& latent, const Tap& tap = {}) const;
    /// The same; empty when `stop` said so, which is asked within layers, too.
    std::optional<at::Tensor> decode(const at::Tensor& latent, const StopCheck& stop) const;

    /// As decode, in overlapping tiles of `tileSide` latent pixels whose seams are blended. Normalisation and attention
    /// see one tile only, so this is close to decode, not equal.
    at::Tensor decodeTiled(const at::Tensor& latent, std::int64_t tileSide = 64, std::int64_t overlap = 16) const;
    /// The same; empty when `stop` said so, which is asked within the layers of each tile.
    std::optional<at::Tensor> decodeTiled(const at::Tensor& latent, const StopCheck& stop, std::int64_t tileSide = 64,
                                          std::int64_t overlap = 16) const;
    /// decode, or decodeTiled where decode would take more than a quarter of its device's memory. Empty when `stop`
    /// said so.
    std::optional<at::Tensor> decodeWithinMemory(const at::Tensor& latent, const StopCheck& stop) const;
    /// Estimate of what decode needs at its widest, in bytes.
    std::int64_t decodeBytes(at::IntArrayRef latentShape) const;

    /// The latent as diffusion models see it, (z - shift) * scale, and back.
    at::Tensor modelLatent(const at::Tensor& latent) const;
    at::Tensor latentFromModel(const at::Tensor& latent) const;

    const AutoencoderConfig& config() const { return config_; }
    const TensorMap& weights() const { return weights_; }
    at::Device device() const { return device_; }

private:
    /// That of the pictures in a pass that begins now.
    PixelLayout layoutNow() const;
    /// What convolutions multiply by in a pass that begins now.
    const TensorMap& kernelsNow() const;

    AutoencoderConfig config_;
    at::Device device_;
    PixelLayout layout_;
    TensorMap weights_;
    TensorMap rounded_; ///< Kernels and biases of convolutions in bf16; empty where those are float32.
};

/// Fresh weights to train from: uniform in +- 1 / sqrt(fan in), norms at one.
TensorMap initialAutoencoderWeights(const AutoencoderConfig& config, std::uint64_t seed);

} // namespace nanodit
