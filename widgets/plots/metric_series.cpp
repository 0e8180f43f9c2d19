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
    }
    steps_.push_back(step);
    values_.push_back(value);
    Q_EMIT changed();
}

void MetricSeries::clear()
{
    steps_.clear();
    values_.clear();
    Q_EMIT changed();
}

double MetricSeries::last() const
{
    return values_.isEmpty() ? std::numeric_limits<double>::quiet_NaN() : values_.back();
}

QVector<double> smoothed(const QVector<double>& values, double window)
{
    const double keep = 1 - 1 / window;
    QVector<double> result;
    result.reserve(values.size());
    double average = 0, weight = 0;
    for (const double value : values) {
        average = keep * average + (1 - keep) * value;
        weight = keep * weight + (1 - keep);
        result.push_back(average / weight);
    }
    return result;
}

double smoothingWindow(qsizetype points)
{
    return std::clamp(static_cast<double>(points) / 40, 1.0, 60.0);
}

} // namespace nanodit
