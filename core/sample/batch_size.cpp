#include "core/sample/batch_size.h"

#include <algorithm>

namespace nanodit {

namespace {

/// Latent tokens in a batch, reckoned: a product of so many rows keeps the device busy, so that more would gain little,
/// while the first pictures, and a stop, which is heard between two blocks, would come later. 1024 are one picture of
/// 512 x 512.
constexpr std::int64_t rowsOnCpu = 1024, rowsElsewhere = 16384;

/// What one more picture of a batch takes while a block is evaluated. The weights, and the context with its kept keys
/// and values, are there once however many pictures there are.
double bytesOfPicture(const ModelConfig& model, std::int64_t latentTokens, std::int64_t contextTokens)
{
    const auto tokens = static_cast<double>(latentTokens), width = static_cast<double>(model.hiddenSize);
    // The widest moment is in the feed-forward layer: the stream, its norm, and the hidden layer before and after its
    // activation. Attention holds less: queries, keys, values and their result.
    const double feedForward = tokens * width * (2 + 2 * model.mlpRatio);
    // Where LibTorch's products compute attention, one block's keys and values are written out for each picture.
    const double keysAndValues = 2 * static_cast<double>(contextTokens) * width;
    // Four branches' velocities and what the internal head predicts, x, terms, averages and what a solver keeps.
    const double latents = 16 * tokens * static_cast<double>(model.latentChannels * model.patchSize * model.patchSize);
    return 4 * (feedForward + keysAndValues + latents);
}

} // namespace

std::int64_t picturesAtOnce(const ModelConfig& model, GridSize latentTokens, std::int64_t contextTokens,
                            at::Device device, std::int64_t memory)
{
    auto most = (device.is_cpu() ? rowsOnCpu : rowsElsewhere) / std::max<std::int64_t>(1, latentTokens.count());
    if (memory > 0) { // an eighth, as for models that nobody uses: a decoder, which comes after it, may take a quarter
        const auto room = static_cast<double>(memory / 8) / bytesOfPicture(model, latentTokens.count(), contextTokens);
        most = std::min(most, static_cast<std::int64_t>(room));
    }
    return std::max<std::int64_t>(1, most);
}

std::int64_t evenBatch(std::int64_t count, std::int64_t most)
{
    const auto batches = std::max<std::int64_t>(1, (count + most - 1) / most);
    return std::max<std::int64_t>(1, (count + batches - 1) / batches);
}

} // namespace nanodit
