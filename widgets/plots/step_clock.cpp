#include "widgets/plots/step_clock.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nanodit {

namespace {

/// y at `x` on the line through the ascending points and the origin before them.
double interpolated(const QVector<double>& xs, const QVector<double>& ys, double x)
{
    const auto next = std::lower_bound(xs.begin(), xs.end(), x) - xs.begin();
    if (next == xs.size()) {
        const double pace = xs.back() > 0 ? ys.back() / xs.back() : 1;
        return ys.back() + (x - xs.back()) * pace;
    }
    const double x0 = next > 0 ? xs[next - 1] : 0, y0 = next > 0 ? ys[next - 1] : 0;
    const double width = xs[next] - x0;
    return width > 0 ? y0 + (x - x0) / width * (ys[next] - y0) : ys[next];
}

double finiteOrZero(double value)
{
    return std::isfinite(value) ? std::max(0.0, value) : 0;
}

} // namespace

void StepClock::append(double step, double samples, double seconds, std::optional<Moment> endedAt)
{
    if (!steps_.isEmpty() && step <= steps_.back()) {
        const auto keep = std::lower_bound(steps_.begin(), steps_.end(), step) - steps_.begin();
        for (auto* const list : {&steps_, &samples_, &seconds_, &elapsed_})
            list->resize(keep);
    }
    if (steps_.isEmpty())
        start_.reset();
    const double before = elapsed_.isEmpty() ? 0 : elapsed_.back();
    double elapsed = before + finiteOrZero(seconds);
    if (endedAt) {
        const double moment = std::chrono::duration<double>(endedAt->time_since_epoch()).count();
        if (!start_)
            start_ = moment - elapsed;
        elapsed = std::max(before, moment - *start_); // a clock that was set back must not turn the curve around
    }
    elapsed_.push_back(elapsed);
    samples_.push_back((samples_.isEmpty() ? 0 : samples_.back()) + finiteOrZero(samples));
    seconds_.push_back((seconds_.isEmpty() ? 0 : seconds_.back()) + finiteOrZero(seconds));
    steps_.push_back(step);
}

void StepClock::clear()
{
    for (auto* const list : {&steps_, &samples_, &seconds_, &elapsed_})
        list->clear();
    start_.reset();
}

const QVector<double>& StepClock::sums(AxisUnit unit) const
{
    switch (unit) {
    case AxisUnit::Samples:
        return samples_;
    case AxisUnit::DateTime:
        return elapsed_;
    default:
        return seconds_;
    }
}

double StepClock::position(double step, AxisUnit unit) const
{
    if (!counts(unit))
        return std::numeric_limits<double>::quiet_NaN();
    if (unit == AxisUnit::Steps || steps_.isEmpty())
        return step;
    return origin(unit) + interpolated(steps_, sums(unit), step);
}

double StepClock::step(double position, AxisUnit unit) const
{
    if (!counts(unit))
        return std::numeric_limits<double>::quiet_NaN();
    if (unit == AxisUnit::Steps || steps_.isEmpty())
        return position;
    return interpolated(sums(unit), steps_, position - origin(unit));
}

} // namespace nanodit
