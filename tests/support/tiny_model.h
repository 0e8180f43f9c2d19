#pragma once

#include "core/dataset/batch.h"
#include "core/model/nanodit.h"

namespace nanodit::test {

/// A NanoDiT of 2 blocks that steps in milliseconds.
inline ModelConfig tinyModelConfig()
{
    ModelConfig config;
    config.hiddenSize = 32;
    config.depth = 2;
    config.numHeads = 4;
    config.mlpRatio = 2;
    config.latentChannels = 4;
    config.textDim = 12;
    config.dinoDim = 12;
    config.frequencyDim = 16;
    return config;
}

/// Gives every weight a random value, so that nothing is zero as in a new model.
inline void randomise(const Parameters& parameters, std::uint64_t seed = 7)
{
    const at::NoGradGuard noGradient;
    at::manual_seed(seed);
    for (const auto& parameter : parameters) {
        auto value = parameter.value;
        value.copy_(at::randn(value.sizes()) * 0.15);
    }
}

/// Random samples of a 64x64 bucket with captions of different lengths (at most 6 tokens) and 4 x 4 patches; the same
/// for the same seed.
inline Batch randomBatch(const ModelConfig& config, std::int64_t size, std::uint64_t seed = 1)
{
    at::manual_seed(seed);
    Batch batch;
    batch.bucket = {.width = 64, .height = 64};
    batch.patchGrid = {.rows = 4, .cols = 4};
    batch.latent = at::randn({size, config.latentChannels, 8, 8});
    batch.text = at::randn({size, 6, config.textDim});
    batch.textMask = at::zeros({size, 6}, at::kBool);
    batch.cls = at::randn({size, config.dinoDim});
    batch.patches = at::randn({size, 16, config.dinoDim});
    for (std::int64_t i = 0; i < size; ++i) {
        batch.ids.push_back("sample" + std::to_string(i + static_cast<std::int64_t>(seed) * 100));
        batch.captions.emplace_back();
        batch.textMask[i].narrow(0, 0, 3 + i % 4).fill_(true);
    }
    return batch;
}

inline Conditions conditionsOf(const Batch& batch, std::int64_t textTokens = 8)
{
    return {.cls = batch.cls,
            .patches = batch.patches,
            .patchGrid = batch.patchGrid,
            .text = batch.text,
            .textMask = batch.textMask,
            .textTokens = textTokens};
}

} // namespace nanodit::test
