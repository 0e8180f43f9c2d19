#pragma once

/// What the front says of a workspace's runs at a glance. Part of the engine's front: free of torch types.

#include "core/config/yaml.h"
#include "core/runs/break_through.h"
#include "core/runs/catalogue.h"
#include "core/validate/comparison.h"

namespace nanodit {

/// A run as a line of a table.
struct RunOverview {
    RunInfo run;
    std::int64_t steps = 0;      ///< Done.
    std::int64_t planned = 0;    ///< schedule.steps of its configuration; 0 when that is missing.
    double seconds = 0;          ///< Of its steps, without pauses, previews and validations.
    std::optional<double> loss;  ///< Mean of the last hundred steps.
    double samplesPerSecond = 0; ///< Mean of the last hundred steps.
    std::int64_t skipped = 0;    ///< Steps that were not finite.
    LossCourse course;
    std::optional<std::int64_t> patchesBreakThrough; ///< The step from which it uses patches; empty: not seen.
    std::uintmax_t bytes = 0;                        ///< Of the whole folder.
    std::int64_t validatedStep = 0;                  ///< Of its newest report; 0 for none.
    bool validatedRaw = false;           ///< That report is of raw weights beside an average, of which there is none.
    std::vector<MetricSummary> measured; ///< The key metric of each task of that report.

    RunState state(bool running = false) const { return runState(run, steps, planned, running); }
};
/// In this order. What of a run cannot be read is left out of its line.
std::vector<RunOverview> overviewRuns(std::vector<RunInfo> runs);
/// Of all, by name.
std::vector<RunOverview> overviewRuns(const Workspace& workspace);

/// The settings that are not the same in all of these runs; values are "" for a run whose configuration is missing.
/// Throws ConfigError for a configuration that is not ours any more.
std::vector<FieldDifference> configurationDifferences(const std::vector<RunInfo>& runs);

} // namespace nanodit
