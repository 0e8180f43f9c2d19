#pragma once

#include "core/config/train_config.h"
#include "core/model/context.h"

#include <ATen/core/Generator.h>

#include <array>
#include <cstdint>
#include <vector>

namespace nanodit {

/// What a sample's conditions lost; in the order of dropNames (core/runs/step_metrics.h).
enum class Drop { None, Text, Dino, Both };

/// Where in a run random numbers are drawn: they are a function of this alone.
struct DrawKey {
    std::int64_t seed = 0;
    std::int64_t step = 0;
    std::int64_t microBatch = 0; ///< Among those of all ranks.
};
/// Numbers for different purposes under one key. Adding a stream changes no other.
enum class DrawStream : std::uint64_t { Samples, Patches };
/// A number for each key and stream that the others do not tell.
std::uint64_t seedFor(const DrawKey& key, DrawStream stream = DrawStream::Samples);
/// A generator of that seed; of its 64 bits LibTorch's take the lower half.
at::Generator generatorFor(const DrawKey& key, DrawStream stream = DrawStream::Samples);

/// What chance decides about a micro-batch of B samples.
struct Draws {
    std::vector<Drop> drops; ///< B
    at::Tensor t;            ///< [B], flow times in [0, 1], float32
    at::Tensor noise;        ///< Of the latents' shape, standard normal, float32
    at::Tensor patchMask;    ///< [B, N] bool, false for patches left out (drawPatchMask); undefined: all are there

    Drops asDrops() const;
    /// The same with its times and noise there; a mask is looked at on the CPU.
    Draws to(const Compute& compute) const;
};
/// `patchGrid`: of the patches that the model attends to; without any none is left out.
Draws drawMicroBatch(const DrawKey& key, const ConditionConfig& conditions, const FlowConfig& flow,
                     at::IntArrayRef latentShape, GridSize patchGrid = {});

/// The shift s for latents [B, C, H, W] or [C, H, W]: that of the configuration, times sqrt(C H W / 4096) where it asks
/// for that (Zheng et al. 2025, "Diffusion Transformers with Representation Autoencoders").
double shiftFor(const FlowConfig& flow, at::IntArrayRef latentShape);

/// [B] flow times: uniform, or sigmoid(N(mean, std)) (Esser et al. 2024), then shifted: s t / (1 + (s - 1) t).
at::Tensor drawTimes(const FlowConfig& flow, std::int64_t count, at::Generator& generator);
/// Each sample's drop by the configured shares.
std::vector<Drop> drawDrops(const ConditionConfig& conditions, std::int64_t count, at::Generator& generator);

} // namespace nanodit
