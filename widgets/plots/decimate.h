#pragma once

#include "widgets/plots/step_clock.h"

#include <QVector>

namespace nanodit {

class MinMaxPyramid;

struct Points {
    QVector<double> x, y;
};

/// A curve as it is recorded: values over ascending steps, with their extremes.
struct RecordedCurve {
    const QVector<double>& steps;
    const QVector<double>& values;
    const MinMaxPyramid& extremes;
};

/// What a plot shows of its horizontal axis, and on how many columns of pixels.
struct ShownRange {
    double from = 0, to = 1; ///< In `unit`.
    int columns = 1;
    bool logarithmic = false; ///< Then `from` is above zero.
    AxisUnit unit = AxisUnit::Steps;
};

/// The points of the shown range that draw the same curve as all of them: of every column the lowest and the highest
/// value in their order, all points where there are few, and the nearest point beyond each end, so that lines run to
/// the edges. Takes time by the columns, not by the points.
Points decimated(const RecordedCurve& curve, const StepClock& clock, const ShownRange& shown);

/// The same for all of a curve over its steps.
Points decimated(const RecordedCurve& curve, int columns);

} // namespace nanodit
