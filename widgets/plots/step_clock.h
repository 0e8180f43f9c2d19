#pragma once

#include <QVector>

#include <chrono>
#include <optional>

namespace nanodit {

/// What the horizontal axis of a plot counts. Positions of DateTime are seconds since 1970.
enum class AxisUnit { Steps, Samples, Seconds, DateTime };

/// How many samples a run had seen, how many seconds it had computed, and what time it was after each of its steps:
/// places curves over samples or time instead of steps. Without any entry every position is its step.
class StepClock {
public:
    using Moment = std::chrono::sys_time<std::chrono::milliseconds>;

    /// What a step added, and when it ended, where that was recorded. Steps ascend; one at or before the last (a run
    /// that went back to a checkpoint) drops what lies after it.
    void append(double step, double samples, double seconds, std::optional<Moment> endedAt = {});
    void clear();

    /// Whether steps have a position in that unit: of wall time only when any step recorded when it ended. Steps beside
    /// it that did not are then placed by the seconds that they computed.
    bool counts(AxisUnit unit) const { return unit != AxisUnit::DateTime || start_.has_value(); }
    /// Between two steps it interpolates, behind the last one it goes on at the mean pace. Not-a-number in a unit that
    /// it does not count.
    double position(double step, AxisUnit unit) const;
    /// The step at a position: the inverse.
    double step(double position, AxisUnit unit) const;

private:
    const QVector<double>& sums(AxisUnit unit) const;
    double origin(AxisUnit unit) const { return unit == AxisUnit::DateTime ? *start_ : 0; }

    QVector<double> steps_, samples_, seconds_; ///< Sums up to and with the step.
    QVector<double> elapsed_;                   ///< Seconds of wall time since `start_`; they never go back.
    std::optional<double> start_;               ///< When the run began, in seconds since 1970.
};

} // namespace nanodit
