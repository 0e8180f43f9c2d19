#include "core/dataset/shard_set.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/preprocess/pass_forecast.h"
#include "core/preprocess/working_memory.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/error.h"
#include "core/train/forecast.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace nanodit {

namespace {

/// Of one decoded picture, weights included; 0 where no autoencoder can be opened: then no preview is painted either.
std::int64_t decodingBytes(const Workspace& workspace, const std::vector<TrainData::Bucket>& buckets)
{
    if (workspace.config.vae.empty())
        return 0;
    try {
        const auto folder = workspace.path(workspace.config.vae);
        const auto config = AutoencoderKl::load(folder).config();
        std::int64_t most = 0;
        for (const auto& bucket : buckets)
            most = std::max(most, workingBytesOf(config, bucket.size, 1));
        return most;
    } catch (const Error&) {
        return 0;
    }
}

std::int64_t pixelsACell(std::int64_t pixels, std::int64_t cells)
{
    return cells > 0 ? std::max<std::int64_t>(1, std::llround(static_cast<double>(pixels) / static_cast<double>(cells)))
                     : 1;
}

/// From the first sample that can be read, as training leaves out those that cannot.
void takePatches(TrainData& data, const ShardSet& set)
{
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(set.entries().size()); ++i) {
        try {
            const auto sample = set.read(i, ShardSet::Check::Shapes);
            data.dinoPatch = pixelsACell(sample.bucket.width, sample.patchGrid.cols);
            data.latentPixel = pixelsACell(sample.bucket.width, sample.latent.shape.back());
            return;
        } catch (const DataError&) {
            continue;
        }
    }
}

} // namespace

TrainData trainData(const Workspace& workspace, const TrainConfig& config)
{
    const auto set = ShardSet::open(workspace.shardsFolder() / config.data.shards);
    std::map<ImageSize, std::int64_t> samples;
    for (const auto& entry : set->entries())
        ++samples[entry.bucket];
    TrainData data;
    for (const auto& [size, count] : samples)
        data.buckets.push_back({.size = size, .samples = count});
    data.textTokens = workspace.config.textTokens;
    data.textWidth = set->textWidth();
    data.dinoWidth = set->dinoWidth();
    data.latentChannels = set->latentChannels();
    takePatches(data, *set);
    data.pictureBytes = decodingBytes(workspace, data.buckets);
    return data;
}

MemoryOf memoryOf(const ComputeChoice& choice)
{
    return chosenDevice(choice.device, gpuFindings()) == "cpu" ? MemoryOf::Machine : MemoryOf::Gpu;
}

std::int64_t freeDiskBytes(const Workspace& workspace)
{
    const auto bytes = freeBytesFor(workspace.runsFolder());
    return bytes == std::numeric_limits<std::int64_t>::max() ? 0 : bytes;
}

} // namespace nanodit
