#include "widgets/plots/moving_average.h"

#include "widgets/plots/metric_series.h"

#include <algorithm>

namespace nanodit {

MovingAverage::MovingAverage(MetricSeries* series, double smoothing)
    : series_(series)
    , smoothing_(std::clamp(smoothing, 0.0, strongestSmoothing))
{
}

void MovingAverage::setSmoothing(double smoothing)
{
    smoothing_ = std::clamp(smoothing, 0.0, strongestSmoothing);
    values_.clear();
}

const QVector<double>& MovingAverage::values() const
{
    follow();
    return values_;
}

const MinMaxPyramid& MovingAverage::extremes() const
{
    follow();
    extremes_.extend(values_);
    return extremes_;
}

void MovingAverage::follow() const
{
    const QVector<double> none;
    const auto& recorded = series_ ? series_->values() : none;
    const int drops = series_ ? series_->drops() : 0;
    if (values_.isEmpty() || drops != drops_ || !series_) {
        values_.clear();
        extremes_ = {};
        average_ = weight_ = 0;
        drops_ = drops;
    }
    for (auto i = values_.size(); i < recorded.size(); ++i) {
        average_ = smoothing_ * average_ + (1 - smoothing_) * recorded[i];
        weight_ = smoothing_ * weight_ + (1 - smoothing_);
        values_.push_back(average_ / weight_);
    }
}

} // namespace nanodit
