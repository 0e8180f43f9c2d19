#pragma once

#include "core/train/step_watch.h"
#include "core/train/trainer.h"

#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// What is worth telling of a step, with the samples of all ranks.
struct StepNews {
    std::optional<StepWatch::Finding> finding;
    std::vector<std::string> samples;  ///< Of a jump of the loss: all that the step was made with.
    std::vector<std::string> suspects; ///< Of a step that was skipped or left something out: Trainer::suspects().

    bool isJump() const { return finding && finding->kind == "spike"; }
};
/// Every rank calls it after every step, with metrics that are the same on all but for times. `seconds`: how long the
/// step took here.
StepNews newsOf(const StepMetrics& metrics, double seconds, StepWatch& watch, const Trainer& trainer);

} // namespace nanodit
