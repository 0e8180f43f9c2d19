#include "widgets/plots/curve_plot.h"

#include "widgets/curve_legend.h"
#include "widgets/plots/decimate.h"
#include "widgets/plots/metric_series.h"
#include "widgets/plots/qcp.h"
#include "widgets/text.h"

#include <QVBoxLayout>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

namespace nanodit {

using namespace std::chrono_literals;

namespace {
constexpr auto shortestRedrawInterval = 100ms;
constexpr double valuePadding = 0.08; ///< Share of the range left free above and below.
} // namespace

CurvePlot::CurvePlot(QWidget* parent, Scale scale)
    : QWidget(parent)
    , plot_(new QCustomPlot(this))
    , legend_(new CurveLegend(this))
    , scale_(scale)
    , cursor_(new QCPItemStraightLine(plot_))
    , emptyText_(new QCPItemText(plot_))
{
    auto* const column = new QVBoxLayout(this);
    column->setContentsMargins(0, 0, 0, 0);
    column->setSpacing(4);
    column->addWidget(plot_, 1);
    legend_->hide(); // whoever frames the plot puts it into the frame's header

    plot_->setMinimumSize(48, 32); // QCustomPlot cannot draw into nothing, which hidden pages give it
    plot_->setInteractions(QCP::iRangeDrag | QCP::iRangeZoom);
    plot_->axisRect()->setRangeDrag(Qt::Horizontal);
    plot_->axisRect()->setRangeZoom(Qt::Horizontal);
    plot_->setNoAntialiasingOnDrag(true);
    plot_->xAxis->setNumberFormat(QStringLiteral("g"));
    plot_->xAxis->setNumberPrecision(7);
    plot_->xAxis->setRange(0, 1);
    plot_->xAxis->ticker()->setTickCount(4);
    if (scale_ == Scale::Logarithmic) {
        plot_->yAxis->setScaleType(QCPAxis::stLogarithmic);
        plot_->yAxis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
        plot_->yAxis->setNumberFormat(QStringLiteral("gb"));
        plot_->yAxis->setNumberPrecision(2);
        plot_->yAxis->setRange(0.01, 10);
    } else {
        plot_->yAxis->setNumberFormat(QStringLiteral("gb"));
        plot_->yAxis->setNumberPrecision(4);
        plot_->yAxis->ticker()->setTickCount(4);
    }
    plot_->axisRect()->setMinimumMargins(QMargins(44, 8, 8, 8));
    cursor_->setVisible(false);
    cursor_->point1->setTypeX(QCPItemPosition::ptPlotCoords);

    emptyText_->position->setType(QCPItemPosition::ptAxisRectRatio);
    emptyText_->position->setCoords(0.5, 0.5);

    redrawTimer_.setSingleShot(true);
    connect(&redrawTimer_, &QTimer::timeout, this, &CurvePlot::redraw);
    connect(plot_, &QCustomPlot::mouseDoubleClick, this, [this] {
        follows_ = true;
        redraw();
    });
    connect(plot_, &QCustomPlot::mouseMove, this, [this](QMouseEvent* event) {
        const auto inside = plot_->axisRect()->rect().contains(event->pos());
        showValuesAt(inside ? std::optional(plot_->xAxis->pixelToCoord(event->pos().x())) : std::nullopt);
        if (event->buttons().testFlag(Qt::LeftButton))
            follows_ = false;
    });
    connect(plot_, &QCustomPlot::mouseWheel, this, [this] {
        follows_ = false;
        redrawSoon();
    });
    applyColours();
}

void CurvePlot::addCurve(MetricSeries* series, const QString& name, Hue hue, Drawn drawn)
{
    Curve curve{.series = series, .name = name, .hue = hue, .raw = plot_->addGraph(), .smooth = nullptr};
    if (drawn == Drawn::WithAverage)
        curve.smooth = plot_->addGraph();
    for (auto* const graph : {curve.raw, curve.smooth}) {
        if (graph != nullptr)
            graph->setAdaptiveSampling(false); // points are decimated before they get here
    }
    if (drawn == Drawn::Marked) {
        marked_ = true;
        using enum QCPScatterStyle::ScatterShape;
        constexpr std::array shapes = {ssDisc, ssSquare, ssTriangle, ssDiamond};
        curve.raw->setScatterStyle(QCPScatterStyle(shapes[curves_.size() % shapes.size()], 7));
    }
    curves_.push_back(curve);
    connect(series, &MetricSeries::changed, this, &CurvePlot::redrawSoon);
    applyColours();
    redrawSoon();
}

void CurvePlot::setHealthyBand(double lowest, double highest)
{
    band_ = {lowest, highest};
    bandBox_ = new QCPItemRect(plot_);
    bandBox_->topLeft->setTypeX(QCPItemPosition::ptAxisRectRatio);
    bandBox_->bottomRight->setTypeX(QCPItemPosition::ptAxisRectRatio);
    bandBox_->topLeft->setCoords(0, highest);
    bandBox_->bottomRight->setCoords(1, lowest);
    bandBox_->setClipToAxisRect(true);
    bandBox_->setLayer(QStringLiteral("background"));
    applyColours();
}

void CurvePlot::setEmptyText(const QString& text)
{
    emptyText_->setText(text);
}

bool CurvePlot::isEmpty() const
{
    return std::all_of(curves_.begin(), curves_.end(), [](const Curve& c) { return !c.series || c.series->isEmpty(); });
}

void CurvePlot::redrawSoon()
{
    if (!redrawTimer_.isActive() && isVisible())
        redrawTimer_.start(shortestRedrawInterval);
}

void CurvePlot::redraw()
{
    const int columns = std::max(64, plot_->axisRect()->width());
    for (const auto& curve : curves_) {
        if (!curve.series)
            continue;
        const auto& x = curve.series->steps();
        const auto raw = decimated(x, curve.series->values(), columns);
        curve.raw->setData(raw.x, raw.y, true);
        if (curve.smooth != nullptr) {
            const auto smooth = decimated(x, smoothed(curve.series->values(), smoothingWindow(x.size())), columns);
            curve.smooth->setData(smooth.x, smooth.y, true);
        }
    }
    const bool empty = isEmpty();
    emptyText_->setVisible(empty);
    for (auto* const axis : {plot_->xAxis, plot_->yAxis})
        axis->setTickLabels(!empty);
    setRanges();
    ++redraws_;
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::setRanges()
{
    QCPRange steps, values;
    bool any = false;
    for (int i = 0; i < plot_->graphCount(); ++i) {
        bool found = false;
        const auto x = plot_->graph(i)->getKeyRange(found);
        if (!found)
            continue;
        const auto sign = scale_ == Scale::Logarithmic ? QCP::sdPositive : QCP::sdBoth;
        const auto y = plot_->graph(i)->getValueRange(found, sign);
        if (!found)
            continue;
        steps = any ? steps.expanded(x) : x;
        values = any ? values.expanded(y) : y;
        any = true;
    }
    if (!any)
        return;
    if (marked_)
        steps = QCPRange(steps.lower - 0.03 * steps.size(), steps.upper + 0.03 * steps.size());
    if (follows_)
        plot_->xAxis->setRange(steps.size() > 0 ? steps : QCPRange(steps.lower - 1, steps.upper + 1));
    if (scale_ == Scale::Logarithmic) {
        plot_->yAxis->setRange(values.lower / 1.5, values.upper * 1.5);
        return;
    }
    // A curve that hardly moves must not fill the plot with its noise: the range is at least a tenth of its height.
    const double span = std::max({values.size(), 0.1 * std::abs(values.center()), 1e-12});
    const double padding = valuePadding * span;
    plot_->yAxis->setRange(values.center() - span / 2 - padding, values.center() + span / 2 + padding);
}

void CurvePlot::showValuesAt(std::optional<double> step)
{
    QStringList values;
    for (const auto& curve : curves_) {
        auto* const graph = curve.smooth != nullptr ? curve.smooth : curve.raw;
        if (step && !graph->data()->isEmpty()) {
            const auto at = graph->data()->findBegin(*step, false);
            values << numberText(at != graph->data()->constEnd() ? at->value : std::nan(""));
        } else {
            values << QString();
        }
    }
    legend_->setValues(values);
    cursor_->setVisible(step.has_value());
    if (step) {
        cursor_->point1->setCoords(*step, 1);
        cursor_->point2->setCoords(*step, 2);
        plot_->setToolTip(tr("step %1").arg(qRound64(*step)));
    }
    plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::applyColours()
{
    const auto& colours = themeColours();
    plot_->setBackground(QBrush(colours.panel));
    auto tickFont = font();
    tickFont.setPointSizeF(9);
    for (auto* const axis : {plot_->xAxis, plot_->yAxis}) {
        axis->setBasePen(QPen(colours.line));
        axis->setTickPen(QPen(colours.line));
        axis->setSubTickPen(Qt::NoPen);
        axis->setTickLengthIn(0);
        axis->setTickLabelColor(colours.secondary);
        axis->setTickLabelFont(tickFont);
        axis->grid()->setPen(QPen(colours.line, 1, Qt::SolidLine));
        axis->grid()->setZeroLinePen(QPen(colours.line));
    }
    plot_->xAxis->grid()->setVisible(false);
    plot_->xAxis->setLabel(tr("step"));
    plot_->xAxis->setLabelFont(tickFont);
    plot_->xAxis->setLabelColor(colours.secondary);
    plot_->xAxis->setLabelPadding(0);
    cursor_->setPen(QPen(colours.secondary, 1, Qt::DashLine));
    emptyText_->setColor(colours.secondary);
    emptyText_->setFont(font());
    for (const auto& curve : curves_) {
        auto colour = colours.hue(curve.hue);
        if (curve.smooth != nullptr) {
            curve.smooth->setPen(QPen(colour, 2));
            colour.setAlphaF(0.35F);
        }
        curve.raw->setPen(QPen(colour, curve.smooth != nullptr ? 1 : 1.5));
    }
    if (bandBox_ != nullptr) {
        auto fill = colours.green;
        fill.setAlphaF(0.08F);
        bandBox_->setPen(Qt::NoPen);
        bandBox_->setBrush(fill);
    }
    std::vector<CurveLegend::Entry> entries;
    for (const auto& curve : curves_)
        entries.push_back({.name = curve.name, .hue = curve.hue, .value = {}});
    if (band_)
        entries.push_back({.name = tr("healthy %1–%2").arg(numberText(band_->first, 2), numberText(band_->second, 2)),
                           .hue = Hue::Green,
                           .band = true,
                           .value = {}});
    legend_->setEntries(std::move(entries));
    if (isVisible()) // it has no size before
        plot_->replot(QCustomPlot::rpQueuedReplot);
}

void CurvePlot::changeEvent(QEvent* event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        applyColours();
}

void CurvePlot::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    redraw();
}

} // namespace nanodit
