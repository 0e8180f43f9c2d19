#include "core/encoders/autoencoder_kl.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace nanodit {

namespace {

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

at::Tensor AutoencoderKl::decodeTiled(const at::Tensor& latent, std::int64_t tileSide, std::int64_t overlap) const
{
    return *decodeTiled(latent, StopCheck(), tileSide, overlap);
}

std::optional<at::Tensor> AutoencoderKl::decodeTiled(const at::Tensor& latent, const StopCheck& stop,
                                                     std::int64_t tileSide, std::int64_t overlap) const
{
    const auto factor = config_.factor();
    const auto rows = latent.size(2), cols = latent.size(3);
    const auto tileRows = std::min(tileSide, rows), tileCols = std::min(tileSide, cols);
    const auto rowStarts = tileStarts(rows, tileRows, overlap);
    const auto colStarts = tileStarts(cols, tileCols, overlap);
    const auto options = at::TensorOptions(at::kFloat).device(device_);
    auto sum = at::zeros({latent.size(0), config_.outChannels, rows * factor, cols * factor}, options);
    auto weightSum = at::zeros({rows * factor, cols * factor}, options);
    for (const auto top : rowStarts) {
        for (const auto left : colStarts) {
            const auto tile = decode(latent.slice(2, top, top + tileRows).slice(3, left, left + tileCols), stop);
            if (!tile)
                return std::nullopt;
            const auto vertical =
                seamWeights(tileRows * factor, overlap * factor, top == 0, top + tileRows == rows, options);
            const auto horizontal =
                seamWeights(tileCols * factor, overlap * factor, left == 0, left + tileCols == cols, options);
            const auto weights = vertical.unsqueeze(1) * horizontal.unsqueeze(0);
            const auto place = [&](const at::Tensor& whole) {
                return whole.slice(-2, top * factor, (top + tileRows) * factor)
                    .slice(-1, left * factor, (left + tileCols) * factor);
            };
            place(sum).add_(*tile * weights);
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

std::optional<at::Tensor> AutoencoderKl::decodeWithinMemory(const at::Tensor& latent, const StopCheck& stop) const
{
    const auto memory = memoryBytes(device_);
    return memory > 0 && decodeBytes(latent.sizes()) > memory / 4 ? decodeTiled(latent, stop) : decode(latent, stop);
}

} // namespace nanodit
