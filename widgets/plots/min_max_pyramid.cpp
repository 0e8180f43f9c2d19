#include "widgets/plots/min_max_pyramid.h"

#include <algorithm>

namespace nanodit {

namespace {

using Extremes = MinMaxPyramid::Extremes;
constexpr qsizetype groupSize = 16;

Extremes both(const QVector<double>& values, const Extremes& a, const Extremes& b)
{
    return {values[b.lowest] < values[a.lowest] ? b.lowest : a.lowest,
            values[b.highest] > values[a.highest] ? b.highest : a.highest};
}

} // namespace

void MinMaxPyramid::extend(const QVector<double>& values)
{
    qsizetype below = values.size(); // entries of the level below
    for (std::size_t level = 0; below >= groupSize; ++level) {
        if (level == levels_.size())
            levels_.emplace_back();
        auto& groups = levels_[level];
        const auto entry = [&](qsizetype i) {
            return level == 0 ? Extremes{i, i} : levels_[level - 1][static_cast<std::size_t>(i)];
        };
        for (auto group = static_cast<qsizetype>(groups.size()); group < below / groupSize; ++group) {
            auto extremes = entry(group * groupSize);
            for (qsizetype i = 1; i < groupSize; ++i)
                extremes = both(values, extremes, entry(group * groupSize + i));
            groups.push_back(extremes);
        }
        below = static_cast<qsizetype>(groups.size());
    }
}

void MinMaxPyramid::truncate(qsizetype count)
{
    for (auto& groups : levels_) {
        count /= groupSize;
        if (count < static_cast<qsizetype>(groups.size()))
            groups.resize(static_cast<std::size_t>(count));
    }
}

Extremes MinMaxPyramid::extremes(const QVector<double>& values, qsizetype begin, qsizetype end) const
{
    Extremes found{begin, begin};
    for (std::size_t level = 0;; ++level) {
        const auto entry = [&](qsizetype i) {
            return level == 0 ? Extremes{i, i} : levels_[level - 1][static_cast<std::size_t>(i)];
        };
        const auto take = [&](qsizetype from, qsizetype to) {
            for (auto i = from; i < to; ++i)
                found = both(values, found, entry(i));
        };
        if (level == levels_.size() || end - begin <= 2 * groupSize) {
            take(begin, end);
            return found;
        }
        const auto firstWhole = (begin + groupSize - 1) / groupSize, lastWhole = end / groupSize;
        take(begin, firstWhole * groupSize);
        take(lastWhole * groupSize, end);
        begin = firstWhole;
        end = lastWhole;
    }
}

} // namespace nanodit
