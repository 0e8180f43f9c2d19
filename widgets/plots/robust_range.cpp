#include "widgets/plots/robust_range.h"

#include <algorithm>
#include <cstddef>

namespace nanodit {

namespace {
constexpr std::size_t valuesForEachLeftOut = 100; ///< At either end.
constexpr std::size_t fewestJudged = 4;
} // namespace

std::optional<ValueRange> rangeWithoutOutliers(std::vector<double> values)
{
    if (values.empty())
        return std::nullopt;
    const auto [lowest, highest] = std::ranges::minmax(values);
    const ValueRange all{.lowest = lowest, .highest = highest};
    if (values.size() < fewestJudged)
        return all;
    const auto left = static_cast<std::ptrdiff_t>(std::max<std::size_t>(1, values.size() / valuesForEachLeftOut));
    std::nth_element(values.begin(), values.begin() + left, values.end());
    const double low = values[static_cast<std::size_t>(left)];
    std::nth_element(values.begin(), values.end() - 1 - left, values.end());
    const double high = *(values.end() - 1 - left);
    const double width = high - low;
    if (!(width > 0))
        return all;
    ValueRange range{.lowest = low, .highest = high};
    for (const double value : values) {
        if (value < low - width || value > high + width)
            continue;
        range.lowest = std::min(range.lowest, value);
        range.highest = std::max(range.highest, value);
    }
    return range;
}

} // namespace nanodit
