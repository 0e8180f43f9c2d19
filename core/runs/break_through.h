#pragma once

#include "core/runs/step_metrics.h"

#include <optional>
#include <span>

namespace nanodit {

/// When a model began to place things by its patches.
struct BreakThrough {
    std::int64_t step = 0;
    std::int64_t block = 0;
    bool operator==(const BreakThrough&) const = default;
};

/// The first measured step from which, in some block, at every measurement up to the last one, patches add more than a
/// quarter of what cross attention adds and the alignment lies below half of the even one; at least two measurements
/// must agree. The block of the earliest step, the first of several. Empty where there is none, and for files of
/// versions that did not measure contributions. `steps`: of a run, in order.
std::optional<BreakThrough> patchBreakThrough(std::span<const StepMetrics> steps);

} // namespace nanodit
