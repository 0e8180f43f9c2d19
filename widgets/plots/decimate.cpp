#include "widgets/plots/decimate.h"

#include <algorithm>

namespace nanodit {

Points decimated(const QVector<double>& x, const QVector<double>& y, int columns)
{
    const auto count = x.size();
    if (columns < 1 || count <= 2 * static_cast<qsizetype>(columns))
        return {x, y};
    Points result;
    result.x.reserve(2 * columns + 2);
    result.y.reserve(2 * columns + 2);
    const auto take = [&](qsizetype i) {
        if (!result.x.isEmpty() && result.x.back() == x[i])
            return;
        result.x.push_back(x[i]);
        result.y.push_back(y[i]);
    };
    const double width = (x.back() - x.front()) / columns;
    take(0);
    for (qsizetype begin = 0; begin < count;) {
        const auto column = static_cast<int>((x[begin] - x.front()) / width);
        auto end = begin;
        auto lowest = begin, highest = begin;
        while (end < count && static_cast<int>((x[end] - x.front()) / width) == column) {
            lowest = y[end] < y[lowest] ? end : lowest;
            highest = y[end] > y[highest] ? end : highest;
            ++end;
        }
        take(std::min(lowest, highest));
        take(std::max(lowest, highest));
        begin = end;
    }
    take(count - 1);
    return result;
}

} // namespace nanodit
