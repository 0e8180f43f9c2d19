#pragma once

#include "core/config/workspace_config.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/sample/sample_request.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace nanodit {

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
    std::filesystem::path keepPictures; ///< Folder for PNGs, painted beside true; empty: none.
    ComputeChoice device;
    std::function<void(const struct LayoutReport&)> finished = [](const auto&) {};
};
struct LayoutReport {
    std::int64_t pictures = 0, things = 0;
    std::int64_t missing = 0;          ///< Things that were not found.
    std::int64_t spurious = 0;         ///< Colours found that should not be there.
    std::int64_t rightShape = 0;       ///< Of those found.
    std::int64_t inRegion = 0;         ///< Of those found: in the ninth of the picture that the caption names.
    double error = 0;                  ///< Mean distance in fractions of the diagonal; a missing thing counts 0.5.
    double regionError = 0;            ///< The same to the edge of the named ninth, 0 inside.
    double finderError = 0;            ///< The error measured on the true pictures.
    std::int64_t finderRightShape = 0; ///< Things whose shape is recognised on the true pictures: the most that can be.
};
std::unique_ptr<Job> makeLayoutJob(LayoutRequest request);

} // namespace nanodit
