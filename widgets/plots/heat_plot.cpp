#include "widgets/plots/heat_plot.h"

#include "widgets/curve_legend.h"
#include "widgets/heat_colours.h"
#include "widgets/plots/qcp.h"
#include "widgets/text.h"
#include "widgets/theme.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nanodit {

namespace {

constexpr int mostColumns = 600; ///< Of colours; a screen shows no more, and every one is drawn at each redraw.

QCPColorGradient viridis()
{
    QCPColorGradient gradient;
    constexpr int stops = 16;
    gradient.setLevelCount(256);
    QMap<double, QColor> colours;
    for (int i = 0; i <= stops; ++i)
        colours.insert(static_cast<double>(i) / stops, QColor::fromRgb(heatColour(static_cast<double>(i) / stops)));
    gradient.setColorStops(colours);
    gradient.setNanHandling(QCPColorGradient::nhTransparent);
    return gradient;
}

} // namespace

HeatPlot::HeatPlot(const QString& row, const QString& quantity, QWidget* parent)
    : PlotView(parent)
    , row_(row)
    , map_(new QCPColorMap(plot()->xAxis, plot()->yAxis))
    , bar_(new QCPColorScale(plot()))
{
    map_->setInterpolate(false);
    map_->setTightBoundary(false);
    map_->setColorScale(bar_);
    map_->setGradient(viridis());
    bar_->setBarWidth(10);
    bar_->axis()->setLabel(quantity);
    bar_->setRangeDrag(false);
    bar_->setRangeZoom(false);
    plot()->plotLayout()->addElement(0, 1, bar_);
    auto* const margins = new QCPMarginGroup(plot());
    plot()->axisRect()->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    bar_->setMarginGroup(QCP::msBottom | QCP::msTop, margins);
    plot()->yAxis->setLabel(row);
    plot()->yAxis->ticker()->setTickStepStrategy(QCPAxisTicker::tssMeetTickCount);
    applyColours();
}

void HeatPlot::setClock(std::shared_ptr<const StepClock> clock)
{
    clock_ = std::move(clock);
}

void HeatPlot::setScale(double low, double high)
{
    scale_ = {low, high};
    redrawSoon();
}

std::pair<double, double> HeatPlot::shownColours() const
{
    return {bar_->dataRange().lower, bar_->dataRange().upper};
}

void HeatPlot::setCourse(Course course)
{
    course_ = std::move(course);
    rows_ = 0;
    for (const auto& values : course_.values)
        rows_ = std::max(rows_, values.size());
    redrawSoon();
}

std::size_t HeatPlot::measuredAt(double position, AxisUnit unit) const
{
    const auto behind = std::upper_bound(course_.steps.begin(), course_.steps.end(), clock_->step(position, unit));
    return static_cast<std::size_t>(std::max<std::ptrdiff_t>(1, behind - course_.steps.begin()) - 1);
}

void HeatPlot::draw(const ShownRange& shown)
{
    bar_->setVisible(!isEmpty());
    map_->setVisible(!isEmpty());
    if (isEmpty())
        return;
    const int columns = std::min(shown.columns, mostColumns);
    auto* const cells = map_->data();
    cells->setSize(columns, static_cast<int>(rows_));
    cells->setRange({shown.from, shown.to}, {0, std::max(1.0, static_cast<double>(rows_) - 1)});
    const double behind = extent(shown.unit)->second;
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    for (int column = 0; column < columns; ++column) {
        // The colours are spread evenly over the axis, whatever its scale.
        const double share = static_cast<double>(column) / std::max(1, columns - 1);
        const double x = shown.logarithmic ? shown.from * std::pow(shown.to / shown.from, share)
                                           : shown.from + share * (shown.to - shown.from);
        const auto& values = course_.values[measuredAt(x, shown.unit)];
        for (std::size_t row = 0; row < rows_; ++row) {
            const bool known = x <= behind && row < values.size();
            const double value = known ? values[row] : std::numeric_limits<double>::quiet_NaN();
            cells->setCell(column, static_cast<int>(row), value);
            if (std::isfinite(value)) {
                lowest = std::min(lowest, value);
                highest = std::max(highest, value);
            }
        }
    }
    if (scale_)
        bar_->setDataRange({scale_->first, scale_->second});
    else if (lowest <= highest)
        bar_->setDataRange({lowest, std::max(highest, lowest + 1e-9)});
    plot()->yAxis->setRange(-0.5, static_cast<double>(rows_) - 0.5);
    plot()->yAxis->ticker()->setTickCount(std::clamp(static_cast<int>(rows_), 2, 6));
}

std::optional<std::pair<double, double>> HeatPlot::extent(AxisUnit unit) const
{
    if (isEmptyOver(unit))
        return std::nullopt;
    return {{clock_->position(course_.steps.front(), unit), clock_->position(course_.steps.back(), unit)}};
}

std::vector<PlotView::Reading> HeatPlot::readingsAt(double position) const
{
    std::vector<Reading> readings;
    if (isEmpty())
        return readings;
    const auto& values = course_.values[measuredAt(position, unit())];
    for (std::size_t row = values.size(); row-- > 0;) // as they lie
        readings.push_back({.name = QStringLiteral("%1 %2").arg(row_).arg(row), .value = numberText(values[row])});
    return readings;
}

void HeatPlot::applyOwnColours()
{
    const auto& colours = themeColours();
    auto* const axis = bar_->axis();
    const auto small = smallFont(font());
    axis->setBasePen(QPen(colours.line));
    axis->setTickPen(QPen(colours.line));
    axis->setSubTickPen(Qt::NoPen);
    axis->setTickLabelColor(colours.secondary);
    axis->setTickLabelFont(small);
    axis->setLabelColor(colours.secondary);
    axis->setLabelFont(small);
    for (auto* const side : bar_->axis()->axisRect()->axes())
        side->setBasePen(QPen(colours.line));
    axis->ticker()->setTickCount(3);
    plot()->yAxis->grid()->setVisible(false);
    legend()->setEntries({});
}

} // namespace nanodit
