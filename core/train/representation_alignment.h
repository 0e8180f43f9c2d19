#pragma once

#include "core/config/train_config.h"
#include "core/geometry/bucket.h"
#include "core/model/layers.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

/// Patches [B, N, E], each channel of each picture with mean 0 and deviation 1 over its patches: what is left says how
/// the picture's parts differ, not what it shows as a whole (iREPA's spatial normalisation).
at::Tensor spatiallyNormalised(const at::Tensor& patches);

/// Representation alignment (Yu et al. 2024, REPA) as Singh et al. 2025 have it (iREPA, "What matters for
/// Representation Alignment"): a block's output goes through a 3 x 3 convolution, which sees neighbours, to the
/// teacher's width, and is drawn to the DINO patches of the picture without noise, spatially normalised. The
/// convolution is trained with the model but is no part of it. Shapes: B samples, L latent tokens, D hidden width, N
/// patches, E DINO width.
class RepresentationAlignment {
public:
    /// The convolution's first weights are a function of the seed that changes none of the model's.
    RepresentationAlignment(const TrainConfig& config, at::Device device);

    /// Of the convolution: "repa_projector.weight" [E, D, 3, 3] and "repa_projector.bias" [E].
    const Parameters& parameters() const { return parameters_; }
    /// Whose output it wants, from 0.
    std::int64_t block() const { return block_; }
    /// 1 - cosine, mean over a picture's patches: tokens [B, L, D] on `latents`, patches [B, N, E] on `patchGrid` ->
    /// [B] float32. Where the grids differ, what is projected is resampled at the patches' centres (bilinear).
    /// `weights` [B, 1, H, W], those of the flow's loss, make patches count by their own; undefined: all alike.
    at::Tensor loss(const at::Tensor& tokens, GridSize latents, const at::Tensor& patches, GridSize patchGrid,
                    const at::Tensor& weights = {}) const;

private:
    std::int64_t block_;
    Linear projector_;
    Parameters parameters_;
};

} // namespace nanodit
