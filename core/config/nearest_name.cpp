#include "core/config/field.h"

#include <algorithm>
#include <numeric>

namespace nanodit {

namespace {

/// Edit distance in which swapping two neighbours counts as one step (Damerau, optimal string alignment).
std::size_t editDistance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> beforeLast(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    std::iota(last.begin(), last.end(), std::size_t{0});
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], beforeLast[j - 2] + 1);
        }
        beforeLast = last;
        last = row;
    }
    return last[b.size()];
}

/// The same; at least `limit` where it is that or more, which lengths may tell without a comparison.
std::size_t distanceBelow(std::size_t limit, std::string_view a, std::string_view b)
{
    const auto lengths = std::minmax({a.size(), b.size()});
    return lengths.second - lengths.first >= limit ? limit : editDistance(a, b);
}

} // namespace

std::string nearestName(std::string_view typed, std::span<const std::string> known)
{
    const auto lastPart = [](std::string_view name) { return name.substr(name.rfind('.') + 1); };
    std::string best;
    std::size_t bestDistance = 1 + std::max<std::size_t>(2, lastPart(typed).size() / 3);
    for (const auto& name : known) {
        // A right key in the wrong group is near, too.
        const auto distance = std::min(distanceBelow(bestDistance, typed, name),
                                       distanceBelow(bestDistance, lastPart(typed), lastPart(name)) + 1);
        if (distance < bestDistance) {
            bestDistance = distance;
            best = name;
        }
    }
    return best;
}

} // namespace nanodit
