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
    /// Of the command that they were added to. Throws UsageError for a setting of a rule, or of a start, that was not
    /// chosen.
    void apply(SampleRequest& request, const CLI::App& command) const;
};

} // namespace nanodit::cli
