#pragma once

#include "core/runs/step_metrics.h"

#include <optional>
#include <span>
#include <vector>

namespace nanodit {

/// Finds the step from which a model uses its patches: the first of 50 steps in which the loss of samples with nothing
/// dropped lies 15 % or more below that of samples without DINO, and stays there to the end; two such stretches at
/// least. Both means are over equally drawn times and noise, so that what parts them is what DINO says. A model that
/// sees CLS alone stays within 5 % (docs/experiment.md), and has no such step.
class PatchBreakThrough {
public:
    /// Steps in order; one that was there already begins the run again from there (a resumed run).
    void append(const StepMetrics& step);
    /// Empty while there is none.
    std::optional<std::int64_t> step() const;

private:
    struct Stretch {
        std::int64_t number = 0;
        double kept = 0, dropped = 0; ///< Sums of losses, of samples with nothing and with DINO dropped.
        std::int64_t keptSamples = 0, droppedSamples = 0;
        bool patches = false;
    };
    std::vector<Stretch> stretches_;
    std::int64_t last_ = 0;
};

/// Of a run's steps.
std::optional<std::int64_t> patchBreakThrough(std::span<const StepMetrics> steps);

} // namespace nanodit
