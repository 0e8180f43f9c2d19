#pragma once

#include "widgets/colours.h"

#include <QPointer>
#include <QTimer>
#include <QWidget>

#include <optional>
#include <vector>

class QCustomPlot;
class QCPItemRect;
class QCPItemStraightLine;
class QCPItemText;
class QCPGraph;

namespace nanodit {

class CurveLegend;
class MetricSeries;

/// Curves over training steps. Redraws at most ten times a second however fast points arrive, and draws no more points
/// than the plot has columns of pixels. The wheel zooms steps, drag moves, a double click shows everything again.
class CurvePlot : public QWidget {
    Q_OBJECT

public:
    enum class Scale { Linear, Logarithmic };
    explicit CurvePlot(QWidget* parent = nullptr, Scale scale = Scale::Linear);

    enum class Drawn {
        AsIs,
        WithAverage, ///< The points faintly, their moving average over them.
        Marked       ///< A mark at every point, of another shape for every curve: for few of them.
    };
    /// The series is not owned and may die first.
    void addCurve(MetricSeries* series, const QString& name, Hue hue, Drawn drawn = Drawn::AsIs);
    /// Shades values that are healthy.
    void setHealthyBand(double lowest, double highest);
    /// Said in the middle while there is no point.
    void setEmptyText(const QString& text);
    CurveLegend* legend() const { return legend_; }

    bool isEmpty() const;
    int redraws() const { return redraws_; } ///< Since it was made.
    QSize sizeHint() const override { return {320, 200}; }
    QSize minimumSizeHint() const override { return {160, 96}; }

protected:
    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    struct Curve {
        QPointer<MetricSeries> series;
        QString name;
        Hue hue;
        QCPGraph* raw = nullptr;
        QCPGraph* smooth = nullptr; ///< Null without average.
    };
    void redrawSoon();
    void redraw();
    void setRanges();
    void applyColours();
    void showValuesAt(std::optional<double> step);

    QCustomPlot* plot_;
    CurveLegend* legend_;
    Scale scale_;
    std::vector<Curve> curves_;
    std::optional<std::pair<double, double>> band_;
    QCPItemRect* bandBox_ = nullptr;
    QCPItemStraightLine* cursor_;
    QCPItemText* emptyText_;
    QTimer redrawTimer_;
    bool marked_ = false; ///< Leaves room beside the outermost marks.
    bool follows_ = true; ///< Shows every step; false after zooming until the double click.
    int redraws_ = 0;
};

} // namespace nanodit
