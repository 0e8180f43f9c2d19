#pragma once

#include "widgets/plots/moving_average.h"
#include "widgets/plots/step_clock.h"

#include <QByteArray>
#include <QStringList>

namespace nanodit {

/// How a workspace's plots were arranged last.
struct PlotLayout {
    static constexpr int mostPlots = 4;

    /// Of the plots, 1 to 4; empty until somebody arranged them: then as many of the usual ones as there is room for.
    QStringList subjects;
    QStringList otherScale; ///< Subjects that are shown on the other scale than their own, linear or logarithmic.
    double smoothing = defaultSmoothing;
    AxisUnit unit = AxisUnit::Steps;
    bool logarithmicAxis = false; ///< The horizontal one.
    bool linkedAxes = true;       ///< What is zoomed in one plot is zoomed in all of the page.
    bool ignoreOutliers = false;  ///< CurvePlot::setIgnoreOutliers

    bool operator==(const PlotLayout&) const = default;
    /// For the settings of the window.
    QByteArray encoded() const;
    /// What cannot be read is as in a new layout.
    static PlotLayout decoded(const QByteArray& text);
};

} // namespace nanodit
