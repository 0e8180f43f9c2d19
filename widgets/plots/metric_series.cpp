#include "widgets/plots/metric_series.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nanodit {

void MetricSeries::append(double step, double value)
{
    if (!std::isfinite(value))
        return;
    if (!steps_.isEmpty() && step <= steps_.back()) {
        const auto keep = std::lower_bound(steps_.begin(), steps_.end(), step) - steps_.begin();
        steps_.resize(keep);
        values_.resize(keep);
        extremes_.truncate(keep);
        ++drops_;
    }
    steps_.push_back(step);
    values_.push_back(value);
    Q_EMIT changed();
}

void MetricSeries::clear()
{
    steps_.clear();
    values_.clear();
    extremes_ = {};
    ++drops_;
    Q_EMIT changed();
}

double MetricSeries::last() const
{
    return values_.isEmpty() ? std::numeric_limits<double>::quiet_NaN() : values_.back();
}

const MinMaxPyramid& MetricSeries::extremes() const
{
    extremes_.extend(values_);
    return extremes_;
}

} // namespace nanodit
