#pragma once

#include <optional>

namespace nanodit {

/// One guidance term at a step, as lengths: root mean squares over a velocity's numbers. c and r are the term's
/// conditional and reference branch (core/sample/guider.h).
struct GuidanceTermSize {
    double length = 0;   ///< Of c - r, before it is scaled.
    double parallel = 0; ///< Its part along c; negative: against it.
    double across = 0;   ///< Its part across c: what changes the picture more than its contrast.
};

/// What guidance did at a step.
struct GuidanceStep {
    double t = 0;
    bool applies = false;                       ///< t is in the interval.
    std::optional<GuidanceTermSize> text, dino; ///< Empty: the term's branches were not evaluated.
    double zeroScale = 1; ///< GuidanceRule::CfgZero: by what the velocity of no conditions was multiplied.
};

} // namespace nanodit
