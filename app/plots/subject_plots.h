#pragma once

#include "app/plots/plot_subjects.h"
#include "app/plots/run_curves.h"
#include "widgets/colours.h"

#include <QByteArray>
#include <QPointer>
#include <QString>

#include <vector>

class QWidget;

namespace nanodit {

class PlotView;

/// A run as plots show it.
struct PlottedRun {
    QString name;
    QPointer<RunCurves> curves;
};

/// The colour of a run's curves where several lie over each other, by its place among them, from 0.
Hue hueOfRun(std::size_t place);

/// The plots of a subject: one with the curves of all runs, or one for each of them, in their order; at least one.
/// Those of blocks share their colours.
std::vector<PlotView*> makeSubjectPlots(const PlotSubject& subject, const std::vector<PlottedRun>& runs,
                                        QWidget* parent);

/// Their points, see plotTable; with a clock where they are of one run.
QByteArray subjectTable(const PlotSubject& subject, const std::vector<PlottedRun>& runs);

} // namespace nanodit
