#pragma once

#include <cstdint>
#include <span>

namespace nanodit {

struct Interval {
    double low = 0, high = 0;
};

/// What `share` (in [0, 1]) of the values lies below; between two neighbours it is linear. There must be a value.
double quantileOf(std::span<const double> sorted, double share);

/// The percentile bootstrap's confidence interval of a mean (Efron 1979): `resamples` sets drawn with replacement, the
/// quantiles of their means. Equal input and seed give equal intervals on every machine. One value has the interval
/// [value, value]. Throws UsageError without values or for a confidence outside (0, 1).
Interval bootstrapInterval(std::span<const double> values, double confidence = 0.95, std::uint64_t seed = 0,
                           int resamples = 2000);

} // namespace nanodit
