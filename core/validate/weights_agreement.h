#pragma once

#include "core/io/event_file.h"
#include "core/runs/run_record.h"

#include <optional>
#include <vector>

namespace nanodit {

/// How far raw weights are from their average in what a validation measured of both, named as meansOf() names it: the
/// mean, over all these numbers, of |raw - average| as a share of the larger of the two, [0, 1]. Empty where nothing
/// was measured of both.
std::optional<double> weightsDifference(const EventFile::Scalars& means);

/// When raw weights are no longer validated beside their average (validation.raw_until).
struct WeightsAgreement {
    double limit = 0; ///< The difference below which they agree; 0: they never do.

    bool reached(const EventFile::Scalars& means) const;
    /// Whether it was at any of these steps, so that raw weights have had their time.
    bool reachedIn(const std::vector<ValidationMeans>& validations) const;
};

} // namespace nanodit
