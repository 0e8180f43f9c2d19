#pragma once

#include "core/runs/step_metrics.h"

#include <cstdint>

namespace nanodit {

/// Samples and seconds of training.
struct TrainingTime {
    std::int64_t samples = 0;
    double seconds = 0; ///< Of steps, without pauses, previews and validations.
};

/// What passed from the record of step `before` (0: from the start) to this one. An exported run keeps every n-th
/// record only; each then stands for the steps since the one before it.
TrainingTime trainingTimeSince(std::int64_t before, const StepMetrics& metrics);

} // namespace nanodit
