#pragma once

#include <optional>
#include <vector>

namespace nanodit {

struct ValueRange {
    double lowest = 0, highest = 0;
};

/// The lowest and the highest of `values` that are no outliers; none of no values. An outlier lies further beyond the
/// range from the 1st to the 99th percentile than that range is wide; of fewer than 200 values the lowest and the
/// highest one are left out of that range. Where the range is a single value, as of counts that are nearly always zero,
/// nothing tells outliers from the rest, and none are left out.
std::optional<ValueRange> rangeWithoutOutliers(std::vector<double> values);

} // namespace nanodit
