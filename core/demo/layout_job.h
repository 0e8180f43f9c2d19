#pragma once

#include "core/config/workspace_config.h"
#include "core/demo/layout.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/sample/sample_request.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace nanodit {

/// What a picture gets of another scene than its own: of the validation scene that follows it in the same bucket.
enum class OtherScene {
    Nothing,
    Cls,   ///< CLS is the other scene's; the patches stay.
    Blend, ///< CLS and patches are mixed with the other scene's.
};

/// Paints validation scenes after their stored text and DINO tokens, finds the coloured things in the pictures and
/// measures how far they are from where they should be.
struct LayoutRequest {
    Workspace workspace; ///< A demo workspace.
    std::filesystem::path checkpoint;
    std::int64_t pictures = 30;
    std::int64_t steps = 20;
    double shift = 1.0; ///< Of the sampler's times.
    double textScale = 2.0, dinoScale = 2.0;
    GuidanceMode guidance = GuidanceMode::Additive;
    std::uint64_t seed = 0;
    OtherScene other = OtherScene::Nothing;
    double blendWeight = 0.5;           ///< Share of the scene's own tokens in a blend, 0 to 1.
    std::filesystem::path keepPictures; ///< Folder for PNGs, painted beside true; empty: none.
    ComputeChoice device;
    std::function<void(const struct LayoutReport&)> finished = [](const auto&) {};
};
struct LayoutReport {
    LayoutScore painted;                ///< The pictures, held against their own scenes.
    std::optional<LayoutScore> asOther; ///< The same pictures, held against the other scenes; empty for Nothing.
    LayoutScore finder;                 ///< The true pictures: the most that can be found.
};
/// Errors: DataError when the workspace is no demo, or a validation scene is alone in its bucket where another is
/// needed.
std::unique_ptr<Job> makeLayoutJob(LayoutRequest request);

} // namespace nanodit
