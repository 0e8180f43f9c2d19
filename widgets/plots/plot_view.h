#pragma once

#include "widgets/colours.h"
#include "widgets/plots/decimate.h"

#include <QTimer>
#include <QWidget>

#include <optional>
#include <utility>
#include <vector>

class QCPItemStraightLine;
class QCPItemText;
class QCPRange;
class QCustomPlot;
class QLabel;

namespace nanodit {

class CurveLegend;
class PlotMarks;
struct PlotMark;

/// What all plots over a training share: a horizontal axis of steps, samples, training time or wall time that is zoomed
/// and dragged, the cursor with the values of every line, marks of what happened, the colours of the theme, and
/// redrawing at most ten times a second however fast points arrive. The wheel zooms, drag moves, a double click shows
/// everything again; with the keyboard + and -, the arrows, and Home.
class PlotView : public QWidget {
    Q_OBJECT

public:
    explicit PlotView(QWidget* parent = nullptr);
    ~PlotView() override;

    /// Said in the middle while there is nothing to draw. Where it is only the axis that has no place for what there
    /// is, that is said instead.
    void setEmptyText(const QString& text);
    QString emptyText() const { return emptyWords_; }
    /// Wall time has no logarithm: there `logarithmic` is left out.
    void setHorizontal(AxisUnit unit, bool logarithmic);
    /// Replaces all marks.
    void setMarks(std::vector<PlotMark> marks);

    /// Shows this part of the axis, in its unit; without it everything, also what is still to come.
    void showRange(std::optional<std::pair<double, double>> range);
    /// What showRange or the user asked for; none while everything is shown.
    std::optional<std::pair<double, double>> chosenRange() const;
    /// In the unit of the axis.
    std::pair<double, double> shownRange() const;
    /// The values that are shown on the vertical axis.
    std::pair<double, double> shownValues() const;
    bool isEmpty() const { return isEmptyOver(unit_); }
    /// Whether there would be nothing to draw on an axis of that unit.
    virtual bool isEmptyOver(AxisUnit unit) const = 0;

    /// A value of a line at a position, in words.
    struct Reading {
        QString name;
        Hue hue = Hue::Grey;
        QString value;
    };
    /// Of every line at `position`, from what was recorded, not from what is drawn of it.
    virtual std::vector<Reading> readingsAt(double position) const = 0;

    CurveLegend* legend() const { return legend_; } ///< Whoever frames the plot shows it.
    /// Title, legend and plot as a picture with the theme's colours.
    QImage picture(const QString& title, QSize size, double devicePixelRatio) const;
    int redraws() const { return redraws_; } ///< Since it was made.
    /// Draws now what redrawSoon would draw.
    void redraw();
    QSize sizeHint() const override { return {320, 200}; }
    QSize minimumSizeHint() const override { return {160, 96}; }

Q_SIGNALS:
    /// The user zoomed, moved or went back to everything.
    void rangeChosen();

protected:
    /// Puts what lies in the shown range into the plot and sets the vertical axis to it.
    virtual void draw(const ShownRange& shown) = 0;
    /// From the first to the last position that there is.
    virtual std::optional<std::pair<double, double>> extent(AxisUnit unit) const = 0;
    virtual void applyOwnColours() = 0;
    virtual double endRoom() const { return 0; } ///< Share of the extent that is left free at both ends.

    QCustomPlot* plot() const { return plot_; }
    AxisUnit unit() const { return unit_; }
    void redrawSoon();
    void applyColours();

    void changeEvent(QEvent* event) override;
    void showEvent(QShowEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    bool eventFilter(QObject* watched, QEvent* event) override;

private:
    void setUpAxes();
    void placeRange();
    void zoom(double factor);
    void showCursorAt(std::optional<double> position);
    int readingsLeft(int cursor) const;
    QString cursorText(double position) const;
    QString positionText(double position) const;
    QString axisTitle() const;

    QCustomPlot* plot_;
    CurveLegend* legend_;
    QLabel* readings_; ///< Beside the cursor.
    QCPItemStraightLine* cursor_;
    QCPItemText* emptyText_;
    QString emptyWords_;
    PlotMarks* marks_;
    QTimer redrawTimer_;
    AxisUnit unit_ = AxisUnit::Steps;
    bool logarithmic_ = false; ///< The horizontal axis.
    bool follows_ = true;      ///< Shows everything; false after zooming until the double click.
    bool placing_ = false;     ///< The range is being set from here.
    int redraws_ = 0;
};

} // namespace nanodit
