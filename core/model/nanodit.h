#pragma once

/// The NanoDiT: a diffusion transformer over latent tokens with one concatenated cross attention to text | CLS |
/// patches. Shapes: B samples, C latent channels, H W latent pixels, L latent tokens, D hidden width.

#include "core/model/block.h"

#include <array>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace nanodit {

/// What a forward pass gives from inside the model, where it is asked for.
struct Intermediate {
    std::int64_t block = -1;  ///< Asked for: the block, from 0, whose output is kept; -1: none.
    at::Tensor tokens = {};   ///< [B, L, D]: that output.
    at::Tensor velocity = {}; ///< [B, C, H, W] float32: what the internal head predicts; undefined without one.
};

struct ForwardOptions {
    bool checkpointing = false;            ///< Recompute each block in the backward pass.
    AttentionObserver* observer = nullptr; ///< With one, nothing is recomputed.
    /// Told the output of each part as it is made: "patch_embed", "t_embedder", "context", "blocks.0"...,
    /// "internal_head", "final_layer". With one, nothing is recomputed.
    std::function<void(const std::string& part, const at::Tensor& output)> watch = {};
    Intermediate* intermediate = nullptr; ///< Filled in; without it, the internal head is not evaluated.
};

/// Any number of threads may evaluate one, each with contexts of its own, while nobody changes its weights.
class NanoDiT {
public:
    /// Weights by the seed: Xavier, modulation and the last layer zero, null embeddings near zero (patches' exactly).
    /// Without a seed nothing is drawn and weights are unset: for a model whose weights are loaded next.
    explicit NanoDiT(const ModelConfig& config, std::optional<std::uint64_t> seed = 0, at::Device device = at::kCPU);
    NanoDiT(const NanoDiT&) = delete;
    NanoDiT& operator=(const NanoDiT&) = delete;

    /// Projects conditions for pictures whose latents have `latentTokens`. Throws DataError for widths that are not the
    /// model's, and for patches that do not fill their grid. `keepKeyValues`: also each block's keys and values, for
    /// sampling without gradients.
    ConditionContext context(const Conditions& conditions, const Drops& drops, GridSize latentTokens,
                             bool keepKeyValues = false) const;

    /// Velocity at x [B, C, H, W] and flow time t [B] in [0, 1] -> [B, C, H, W], float32. A context of one sample that
    /// keeps its keys and values may serve all B; then t is [1]. Throws DataError for latents of another grid than the
    /// one that the context places its patches on.
    at::Tensor velocity(const at::Tensor& x, const at::Tensor& t, const ConditionContext& context,
                        const ForwardOptions& options = {}) const;

    /// How far each head's prior reaches, in latent tokens: [depth, heads]; undefined without one.
    at::Tensor priorRadii() const;
    /// By state-dict name; they share the model's tensors.
    const Parameters& parameters() const { return parameters_; }
    const ModelConfig& config() const { return config_; }
    at::Device device() const { return device_; }
    /// Latent tokens of latents with so many rows and columns. Throws DataError when the patch size does not divide
    /// them.
    GridSize tokenGrid(std::int64_t rows, std::int64_t cols) const;

private:
    /// What depends on two grids alone.
    struct GridPlaces {
        at::Tensor latentPosition; ///< [L, D]
        at::Tensor patchPosition;  ///< [N, D] with PatchPosition::Sincos
        ContextPlaces places;
    };
    /// Predicts the velocity's patches from tokens: a norm, shifted and scaled by adaLN, and a projection.
    struct Head {
        Linear modulation, linear;
        /// tokens [B, L, D], c [B, D] -> [B, L, p p C] float32
        at::Tensor operator()(const at::Tensor& tokens, const at::Tensor& c) const;
    };
    /// Zero in the beginning.
    Head makeHead(ParameterMaker& make, const std::string& name) const;
    /// [B, L, p p C] -> [B, C, H, W]
    at::Tensor unpatchified(const at::Tensor& patches, GridSize grid) const;
    void placePatches(ConditionContext& context, GridSize patchGrid, GridSize latents) const;
    const GridPlaces& placesOf(GridSize latents, GridSize patches = {}) const;
    GridPlaces makePlaces(GridSize latents, GridSize patches) const;

    ModelConfig config_;
    at::Device device_ = at::kCPU;
    Linear patchEmbed_; ///< weight [D, C, p, p]
    Linear timeIn_, timeOut_;
    Linear textProj_, dinoProj_, patchProj_;
    at::Tensor nullText_, nullDino_, nullPatch_; ///< [1, 1, text], [1, DINO], [1, 1, DINO]
    std::vector<DitBlock> blocks_;
    Head finalLayer_, internalHead_; ///< The latter without weights where the model has none.
    Parameters parameters_;
    mutable std::mutex placesMutex_;
    mutable std::map<std::array<std::int64_t, 4>, GridPlaces> places_; ///< Those that were needed, which stay.
};

} // namespace nanodit
