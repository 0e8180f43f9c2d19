#include "core/preprocess/working_memory.h"

#include "core/runtime/machine.h"

#include <algorithm>

namespace nanodit {

namespace {

constexpr std::int64_t floatBytes = 4; // float32

/// Heads whose keys and values attention lays out at once, one a thread.
std::int64_t headsAtOnce(std::int64_t heads)
{
    return std::min<std::int64_t>(heads, usableCores());
}

/// What it holds besides: a tile of queries and keys a thread.
std::int64_t tileElements()
{
    return 40'000 * static_cast<std::int64_t>(usableCores());
}

} // namespace

std::int64_t workingBytesOf(const AutoencoderConfig& config, ImageSize picture, std::int64_t pictures)
{
    // In a residual block: its input, and of the second half the input, its norm, the activation and the result; where
    // the width changes, the first half is the wider by its input. Layers that are done in strips hold their padded
    // input and the strips beside that.
    std::int64_t widest = 0, before = config.blockOutChannels.front(), pixels = 0;
    for (std::size_t level = 0; level < config.blockOutChannels.size(); ++level) {
        const auto channels = config.blockOutChannels[level];
        pixels = (picture.width >> level) * (picture.height >> level);
        const auto first = 4 * before + 2 * channels, second = before + 6 * channels;
        widest = std::max(widest, pixels * std::max(first, second));
        before = channels;
    }
    auto most = pictures * widest;
    if (config.midBlockAddAttention)
        most = std::max(most, tileElements() + (9 * pictures + 2 * static_cast<std::int64_t>(usableCores())) * pixels *
                                                   config.blockOutChannels.back());
    return (most + 3 * pictures * config.inChannels * picture.width * picture.height) * floatBytes;
}

std::int64_t workingBytesOf(const DinoConfig& config, ImageSize picture, std::int64_t pictures)
{
    const auto grid = dinoGrid(picture, config.patchSize);
    const auto tokens = 1 + config.registers + grid.count();
    const auto input = dinoInputSize(picture, config.patchSize);
    const auto pixels = 3 * pictures * config.channels * input.width * input.height;
    // The stream and its norm beside either queries, keys and values with their turned copies, or the feed-forward's
    // gate, value and product.
    const auto attention = tileElements() + tokens * (12 * pictures * config.width +
                                                      2 * headsAtOnce(pictures * config.heads) * config.headWidth());
    const auto forward = pictures * tokens * (2 * config.width + 4 * config.mlpWidth);
    const auto weights = 2 * config.width * std::max(config.width, config.mlpWidth);
    return (std::max(attention, forward) + pixels + weights) * floatBytes;
}

std::int64_t workingBytesOf(const T5Config& config, std::int64_t tokens, std::int64_t captions)
{
    const auto inner = config.heads * config.headWidth;
    // Attention goes caption by caption; the position bias is that of the longest.
    const auto attention = tileElements() + tokens * (captions * (3 * config.width + 6 * inner) +
                                                      2 * headsAtOnce(config.heads) * config.headWidth);
    const auto forward = captions * tokens * (2 * config.width + 4 * config.mlpWidth);
    const auto weights = 2 * config.width * std::max(config.mlpWidth, inner);
    const auto bias = 4 * config.heads * tokens * tokens;
    return (std::max(attention, forward) + weights + bias) * floatBytes;
}

} // namespace nanodit
