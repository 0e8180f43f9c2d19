#include "widgets/plots/decimate.h"

#include "widgets/plots/min_max_pyramid.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {
constexpr qsizetype fewPerColumn = 3; ///< Up to so many points a column are drawn as they are.
} // namespace

Points decimated(const RecordedCurve& curve, const StepClock& clock, const ShownRange& shown)
{
    Points result;
    const auto& steps = curve.steps;
    const auto count = steps.size();
    if (count == 0 || shown.columns < 1)
        return result;
    qsizetype taken = -1;
    const auto take = [&](qsizetype i) {
        if (i <= taken)
            return;
        taken = i;
        result.x.push_back(clock.position(steps[i], shown.unit));
        result.y.push_back(curve.values[i]);
    };
    const auto firstAt = [&](double position) {
        return std::lower_bound(steps.begin(), steps.end(), clock.step(position, shown.unit)) - steps.begin();
    };
    const auto first = firstAt(shown.from);
    const auto end = std::max(first, firstAt(std::nextafter(shown.to, HUGE_VAL)));
    if (first > 0)
        take(first - 1);
    if (end - first <= fewPerColumn * shown.columns) {
        for (auto i = first; i < end; ++i)
            take(i);
    } else {
        result.x.reserve(2 * shown.columns + 2);
        result.y.reserve(2 * shown.columns + 2);
        auto begin = first;
        take(first);
        for (int column = 1; column <= shown.columns && begin < end; ++column) {
            const double share = static_cast<double>(column) / shown.columns;
            const double edge = shown.logarithmic ? shown.from * std::pow(shown.to / shown.from, share)
                                                  : shown.from + share * (shown.to - shown.from);
            const auto next = column == shown.columns ? end : std::clamp(firstAt(edge), begin, end);
            if (next == begin)
                continue;
            const auto [lowest, highest] = curve.extremes.extremes(curve.values, begin, next);
            take(std::min(lowest, highest));
            take(std::max(lowest, highest));
            begin = next;
        }
        take(end - 1);
    }
    if (end < count)
        take(end);
    return result;
}

Points decimated(const RecordedCurve& curve, int columns)
{
    if (curve.steps.isEmpty())
        return {};
    return decimated(curve, StepClock(), {.from = curve.steps.front(), .to = curve.steps.back(), .columns = columns});
}

} // namespace nanodit
