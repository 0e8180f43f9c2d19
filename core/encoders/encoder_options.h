#pragma once

#include "core/runtime/compute.h"

#include <c10/core/ScalarType.h>

namespace nanodit {

/// Where the channels of a pixel lie in memory while convolutions pass over it.
enum class PixelLayout {
    ChannelsFirst, ///< [B, C, H, W]: a plane a channel.
    ChannelsLast,  ///< [B, H, W, C]: beside each other.
};

/// What the autoencoder takes on the CPU: the faster one by tests/bench/bench_autoencoder, which measures both.
inline constexpr auto usualPixelLayout = PixelLayout::ChannelsLast;

/// Where and in what precision an encoder computes. Every encoder is loaded with one, keeps its weights there, takes
/// inputs from any device and gives results on its own.
struct EncoderOptions {
    at::Device device = at::kCPU;        ///< Weights are copied there at load unless it is the CPU.
    at::ScalarType compute = at::kFloat; ///< kFloat or kBFloat16; weights are converted to it when they are used.
    /// With kBFloat16 the factors of linear layers are rounded to it, as autocast does; sums, norms, softmax and the
    /// stream between layers stay in `compute`. The autoencoder and LPIPS have no such layers and stay float32.
    at::ScalarType products = at::kFloat;
    /// Of the autoencoder where no gradients are asked for. With kBFloat16 the factors of its convolutions and their
    /// results are rounded to it; norms, attention and the sums of residual blocks stay float32. Nothing takes it but
    /// `nanodit bench vae`: tests/bench/bench_autoencoder measures whether its error is below that of 8 bits.
    at::ScalarType convolutions = at::kFloat;
    /// Of the autoencoder on the CPU where no gradients are asked for; elsewhere channels come first. Inputs and
    /// results have them first either way.
    PixelLayout layout = usualPixelLayout;

    /// On its device, in float32 with products in its precision.
    static EncoderOptions of(const Compute& compute)
    {
        return {.device = compute.device,
                .compute = at::kFloat,
                .products = compute.precision == Precision::Bf16 ? at::kBFloat16 : at::kFloat};
    }
};

} // namespace nanodit
