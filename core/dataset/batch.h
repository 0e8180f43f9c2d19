#pragma once

#include "core/geometry/bucket.h"
#include "core/runtime/compute.h"
#include "core/runtime/device_copy.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace nanodit {

/// Samples of one bucket, float32; the loader's lie on the CPU. B batch, H W pixels, L text tokens of the longest
/// caption here, N patches.
struct Batch {
    std::vector<std::string> ids;      ///< B
    std::vector<std::string> captions; ///< B; empty where the shard has none.
    ImageSize bucket;
    GridSize patchGrid;        ///< rows * cols == N
    at::Tensor latent;         ///< [B, 16, H/8, W/8]
    at::Tensor text;           ///< [B, L, text width]; zeros behind the valid tokens
    at::Tensor textMask;       ///< [B, L] bool, true for valid tokens
    at::Tensor cls;            ///< [B, dino width]
    at::Tensor patches;        ///< [B, N, dino width]
    at::Tensor lossMask = {};  ///< [B, 1, H/8, W/8], weights of the loss; undefined where no sample has a mask.
    std::int64_t position = 0; ///< LoaderOptions::position to go on behind this batch.
    std::int64_t epoch = 0;    ///< Times that the data set was seen through before this batch.

    /// The same with its tensors there but for the text's mask; those that are there already are shared.
    Batch to(const Compute& compute) const
    {
        auto moved = *this;
        for (auto* const tensor : {&moved.latent, &moved.text, &moved.cls, &moved.patches})
            *tensor = sentTo(*tensor, compute.device);
        if (lossMask.defined())
            moved.lossMask = sentTo(lossMask, compute.device);
        return moved;
    }
};

} // namespace nanodit
