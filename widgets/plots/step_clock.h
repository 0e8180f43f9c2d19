#pragma once

#include <QVector>

namespace nanodit {

/// What the horizontal axis of a plot counts.
enum class AxisUnit { Steps, Samples, Seconds };

/// How many samples a run had seen, and how many seconds it had computed, after each of its steps: places curves over
/// samples or time instead of steps. Without any entry every position is its step.
class StepClock {
public:
    /// What a step added. Steps ascend; one at or before the last (a run that went back to a checkpoint) drops what
    /// lies after it.
    void append(double step, double samples, double seconds);
    void clear();

    /// Between two steps it interpolates, behind the last one it goes on at the mean pace.
    double position(double step, AxisUnit unit) const;
    /// The step at a position: the inverse.
    double step(double position, AxisUnit unit) const;

private:
    const QVector<double>& sums(AxisUnit unit) const { return unit == AxisUnit::Samples ? samples_ : seconds_; }

    QVector<double> steps_, samples_, seconds_; ///< Sums up to and with the step.
};

} // namespace nanodit
