#pragma once

#include "widgets/plots/min_max_pyramid.h"

#include <QPointer>
#include <QVector>

namespace nanodit {

class MetricSeries;

/// How much of the average before a moving average keeps at each point, in [0, 1): 0 is no smoothing, 0.95 averages
/// over about the last 20 points. It does not depend on the length of a curve: a step looks the same when the run has
/// gone on.
inline constexpr double defaultSmoothing = 0.95;
inline constexpr double strongestSmoothing = 0.999;

/// Exponential moving average of a series; the bias of its start is taken out (Kingma and Ba, "Adam", 2015, section 3).
/// Follows the series as it grows: what was averaged is not averaged again.
class MovingAverage {
public:
    explicit MovingAverage(MetricSeries* series, double smoothing = defaultSmoothing);
    void setSmoothing(double smoothing);
    /// As many as the series has points; none when it is gone.
    const QVector<double>& values() const;
    /// Of the values.
    const MinMaxPyramid& extremes() const;

private:
    void follow() const;

    QPointer<MetricSeries> series_;
    double smoothing_;
    mutable QVector<double> values_;
    mutable MinMaxPyramid extremes_;
    mutable double average_ = 0, weight_ = 0;
    mutable int drops_ = 0; ///< Of the series, when it was followed last.
};

} // namespace nanodit
