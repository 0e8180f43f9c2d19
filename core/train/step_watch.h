#pragma once

#include "core/runs/step_metrics.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>

namespace nanodit {

/// Notices what a person who watched every step would: a loss that jumps, and a training that mostly waits for data.
class StepWatch {
public:
    struct Finding {
        std::string kind; ///< "spike", "stall"
        std::string text; ///< A sentence, without samples.
    };
    /// `seconds`: how long the step took. Call for every step, in order.
    std::optional<Finding> look(const StepMetrics& metrics, double seconds);

private:
    std::optional<Finding> lookForSpike(const StepMetrics& metrics);
    std::optional<Finding> lookForStall(const StepMetrics& metrics, double seconds);

    std::deque<double> losses_;                   ///< Of the steps before that were not skipped.
    std::deque<std::pair<double, double>> waits_; ///< Waited and altogether, of the last steps.
    std::int64_t quietUntil_ = 0;                 ///< No other stall is told before this step.
};

} // namespace nanodit
