#pragma once

/// The points of a plot as a table, for spreadsheets and scripts. Knows no widgets.

#include "widgets/plots/step_clock.h"

#include <QByteArray>
#include <QString>
#include <QVector>

#include <memory>
#include <vector>

namespace nanodit {

struct TableCurve {
    QString name; ///< Of its column.
    QVector<double> steps, values;
};

/// CSV (RFC 4180, but lines end in a line feed): a row for every step that any of the curves has, with a column for the
/// step and one for each curve, blank where it has no point; with a clock also columns for samples, seconds and, where
/// it was recorded, wall time in seconds since 1970.
QByteArray plotTable(const std::vector<TableCurve>& curves, const std::shared_ptr<const StepClock>& clock = {});

} // namespace nanodit
