#pragma once

#include "core/demo/scene_kind.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace nanodit {

/// Trains the demo's encoders on drawn scenes: `folder`/{vae,dinov3-demo,t5-demo}, in Hugging Face layouts, each with a
/// README.md that tells how it was made. An encoder whose folder is there already is left alone; a stopped training
/// goes on.
struct TrainEncodersRequest {
    std::filesystem::path folder;
    std::uint64_t seed = 1;
    std::int64_t scenes = 1500;
    SceneKind kind{}; ///< Of the scenes that the picture encoders see; captions are the same for every kind.
    std::function<void(const struct DemoFigures&)> finished = [](const auto&) {};
};
std::unique_ptr<Job> makeTrainEncodersJob(TrainEncodersRequest request);

/// What demo encoders do on scenes of the validation split.
struct DemoFigures {
    double psnrMean = 0, psnrLowest = 0; ///< dB, of pictures that the autoencoder gives back.
    double patchAccuracy = 0;            ///< Share of patches whose nearest neighbour in other scenes shows the same.
    double thingPatchAccuracy = 0;       ///< The same, of patches that show a thing.
    /// The same, of patches that a thing covers to three quarters at least: not near the limit to the background.
    double filledPatchAccuracy = 0;
    double positionShare = 0;   ///< Share of the patch features' variance that their position explains.
    double oneWordSmallest = 0; ///< Distance of captions that differ in one word, of that of any two captions.
    double oneWordMedian = 0;
    double swapSmallest = 0;         ///< The same for captions in which two things swap their colours.
    std::int64_t longestCaption = 0; ///< Tokens.
};
struct MeasureEncodersRequest {
    std::filesystem::path folder; ///< Holds vae, dinov3-demo and t5-demo.
    std::uint64_t seed = 1; ///< Of the scenes: the one that they were trained with, whose val split they have not seen.
    std::int64_t scenes = 60;
    SceneKind kind{};
    std::function<void(const DemoFigures&)> finished = [](const auto&) {};
};
std::unique_ptr<Job> makeMeasureEncodersJob(MeasureEncodersRequest request);

} // namespace nanodit
