#pragma once

#include "core/front/sampling.h"

#include <CLI/CLI.hpp>

#include <string>

namespace nanodit::cli {

/// How one picture is guided and solved, besides its scales: --solver, --rule and its settings, --weak-guide, and
/// --start.
struct GuidanceOptions {
    std::string solver = "euler", rule = "plain";
    ProjectedGuidance projected;
    double internalScale = 1.5;
    WeakGuide weakGuide{.checkpoint = {}, .scale = 2};
    std::string startRecord;
    std::filesystem::path startPicture;
    double startTime = 0.6;

    void addTo(CLI::App& command);
    void apply(SampleRequest& request) const;
};

} // namespace nanodit::cli
