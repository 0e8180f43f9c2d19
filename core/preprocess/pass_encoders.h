#pragma once

#include "core/config/workspace_config.h"
#include "core/io/image.h"
#include "core/preprocess/derived_array.h"
#include "core/runtime/compute.h"
#include "core/runtime/job.h"

#include <ATen/core/Tensor.h>

#include <functional>
#include <string>
#include <vector>

namespace nanodit {

// What the passes ask of encoders. Shapes: B pictures of one bucket, H W pixels of it, N patches, D width, L valid
// tokens. Each gives nothing (an empty vector, an undefined tensor) when it was stopped, and throws when it cannot.

/// Captions to their valid tokens: [L_i, d] each.
using TextEncoder = std::function<std::vector<at::Tensor>(const std::vector<std::string>&, const JobContext&)>;

/// Bucket images to latents as diffusion sees them, (mean - shift) * scale: [B, C, H/8, W/8].
using LatentEncoder = std::function<at::Tensor(const std::vector<Image>&, const JobContext&)>;

struct PatchFeatures {
    at::Tensor cls;     ///< [B, D]: token 0.
    at::Tensor patches; ///< [B, N, D]: the last N tokens, row-major.
};
/// Bucket images to features of the same picture, resized to the ViT's own multiple.
using PatchEncoder = std::function<PatchFeatures(const std::vector<Image>&, const JobContext&)>;

/// The frozen encoders of a workspace. Loading gives an encoder that holds its weights as long as it lives. Values;
/// tests put small ones in their place.
struct PassEncoders {
    ArrayExpectations expectations;
    /// A sentence that says why a pass's encoder cannot be used and what to do, or "".
    std::function<std::string(Pass)> obstacle;
    /// A sentence about what may well be wrong with an encoder that can be used, or "".
    std::function<std::string(Pass)> remark = [](Pass) { return std::string(); };
    /// Of weights, configuration and tokenizer; "" when stopped. Throws DataError.
    std::function<std::string(Pass, const JobContext&)> fingerprint;
    std::function<TextEncoder()> loadText;
    /// Gives the number of a caption's tokens before it is cut to the expectations' textTokens; empty: padding stays.
    std::function<std::function<std::int64_t(const std::string&)>()> loadTokenCount;
    /// Gives whether the text encoder knows the letters of most of a caption; empty: nothing tells.
    std::function<std::function<bool(const std::string&)>()> loadKnowsMostOf;
    std::function<LatentEncoder()> loadLatent;
    std::function<PatchEncoder()> loadPatch;
    std::int64_t dinoRegisters = 0; ///< Tokens between CLS and the patches.
    std::string device;             ///< What computes, in words: rates of passes are kept by it.
    /// Bytes that encoding so many records at once takes beside the weights, the longest captions assumed: an estimate.
    std::function<std::int64_t(Pass, ImageSize bucket, std::int64_t records)> workingBytes =
        [](Pass, ImageSize, std::int64_t) { return std::int64_t{0}; };
    /// Pixels of pictures, and captions, that are encoded as one where memory allows.
    std::int64_t pixelsAtOnce = 512 * 512;
    std::int64_t captionsAtOnce = 8;
};

/// The encoders that workspace.yaml names, on the device of `compute`. Reads their config.json only. Their precision is
/// the workspace's (core/preprocess/precision.h): arrays of two precisions would not go together.
PassEncoders encodersOf(const Workspace& workspace, const Compute& compute = {});

} // namespace nanodit
