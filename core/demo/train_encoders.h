#pragma once

#include "core/demo/scene_set.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/t5.h"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace nanodit {

/// How the demo's encoders are trained, each on scenes of the train split. Everything is a function of these numbers.
/// Each trainer keeps the work of a stopped run in the file `partial`, goes on from it, and then gives nothing.

struct AutoencoderRecipe {
    std::uint64_t seed = 1;
    std::int64_t cropSteps = 6000; ///< On `cropBatch` random squares of `cropSide` pixels: many edges, little work.
    std::int64_t cropBatch = 8;
    std::int64_t cropSide = 64;
    std::int64_t pictureSteps = 1000; ///< Then on whole pictures, whose statistics the norms will see.
    std::int64_t pictureBatch = 4;
    double lr = 2e-3;
    std::int64_t warmupSteps = 100;
    double squaredWeight = 2.0; ///< Loss: |e| + squaredWeight e^2 + klWeight KL, each a mean per element.
    double klWeight = 2e-4;
};
AutoencoderConfig demoAutoencoderConfig();
/// Scaling and shift factor are measured: latents as diffusion models see them have mean 0 and deviation 1.
std::optional<AutoencoderKl> trainAutoencoder(const AutoencoderRecipe& recipe, const SceneSet& scenes,
                                              const std::filesystem::path& partial, const JobContext& context);

/// Patch tokens learn what is seen in each quarter of their patch (colour and shape, or background), CLS what the whole
/// picture holds, by linear heads that are thrown away. Nothing rewards knowing where a patch lies.
struct DinoRecipe {
    std::uint64_t seed = 1;
    std::int64_t steps = 5500;
    std::int64_t batch = 16;
    double lr = 1e-3;
    std::int64_t warmupSteps = 200;
};
DinoConfig demoDinoConfig();
std::optional<TensorMap> trainDino(const DinoRecipe& recipe, const SceneSet& scenes,
                                   const std::filesystem::path& partial, const JobContext& context);

/// Every token learns to tell, by linear heads that are thrown away, what the caption says of the thing that its word
/// is about: colour, shape, place and size; or of the background: tint, texture and light. In a quarter as many
/// captions some tokens are hidden and have to be completed. So what belongs together is found in each of its tokens,
/// and one other word changes all of them.
struct TextRecipe {
    std::uint64_t seed = 1;
    std::int64_t captions = 12000; ///< Drawn without pictures.
    std::int64_t steps = 1200;
    std::int64_t batch = 32;
    double lr = 2e-3;
    std::int64_t warmupSteps = 150;
    double hiddenShare = 0.15; ///< Of tokens, replaced by <extra_id_0>.
};
T5Config demoTextConfig(std::int64_t vocabulary);
/// Trains a SentencePiece model (unigram, case folded) on captions: writes `model` (spiece.model).
void trainDemoTokenizer(const TextRecipe& recipe, const std::filesystem::path& model);
std::optional<TensorMap> trainText(const TextRecipe& recipe, const std::filesystem::path& tokenizerModel,
                                   const std::filesystem::path& partial, const JobContext& context);

} // namespace nanodit
