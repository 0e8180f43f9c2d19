#include "widgets/plots/curve_plot.h"

#include "widgets/curve_legend.h"
#include "widgets/plots/metric_series.h"
#include "widgets/plots/qcp.h"
#include "widgets/plots/robust_range.h"
#include "widgets/text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <utility>

namespace nanodit {

namespace {

constexpr double valuePadding = 0.08; ///< Share of the range left free above and below.
constexpr int pixelsOfAMark = 12;
constexpr qsizetype sampledPoints = 4096; ///< Of a curve, to find outliers: a million would hold the window.
constexpr double leavingAbove = 0.97, leavingBelow = 0.03;

/// Of every curve another shape, as long as they do not run into each other.
QCPScatterStyle markOf(std::size_t curve, bool apart)
{
    using enum QCPScatterStyle::ScatterShape;
    constexpr std::array shapes = {ssDisc, ssSquare, ssTriangle, ssDiamond};
    return apart ? QCPScatterStyle(shapes[curve % shapes.size()], 7) : QCPScatterStyle();
}

/// The recorded point nearest to a step; -1 before the first and behind the last one.
qsizetype nearest(const QVector<double>& steps, double step)
{
    if (steps.isEmpty())
        return -1;
    const double spacing =
        (steps.back() - steps.front()) / static_cast<double>(std::max<qsizetype>(1, steps.size() - 1));
    if (step < steps.front() - std::max(1.0, spacing) || step > steps.back() + std::max(1.0, spacing))
        return -1;
    const auto next = std::lower_bound(steps.begin(), steps.end(), step) - steps.begin();
    if (next == steps.size())
        return next - 1;
    return next > 0 && step - steps[next - 1] < steps[next] - step ? next - 1 : next;
}

} // namespace

CurvePlot::CurvePlot(QWidget* parent, Scale scale)
    : PlotView(parent)
    , scale_(scale)
{
    setScale(scale);
    applyColours();
}

void CurvePlot::setScale(Scale scale)
{
    scale_ = scale;
    auto* const axis = plot()->yAxis;
    const bool logarithmic = scale == Scale::Logarithmic;
    axis->setScaleType(logarithmic ? QCPAxis::stLogarithmic : QCPAxis::stLinear);
    if (logarithmic)
        axis->setTicker(QSharedPointer<QCPAxisTickerLog>::create());
    else
        axis->setTicker(QSharedPointer<QCPAxisTicker>::create());
    axis->ticker()->setTickCount(4);
    axis->setNumberPrecision(logarithmic ? 2 : 4);
    if (logarithmic)
        axis->setRange(0.01, 10);
    redrawSoon();
}

void CurvePlot::addCurve(MetricSeries* series, const QString& name, const Style& style,
                         std::shared_ptr<const StepClock> clock)
{
    Curve curve{.series = series,
                .name = name,
                .style = style,
                .clock = clock ? std::move(clock) : std::make_shared<const StepClock>(),
                .average = nullptr,
                .raw = plot()->addGraph(),
                .smooth = nullptr,
                .above = plot()->addGraph(plot()->xAxis, plot()->yAxis2),
                .below = plot()->addGraph(plot()->xAxis, plot()->yAxis2)};
    if (style.drawn == Drawn::WithAverage) {
        curve.smooth = plot()->addGraph();
        curve.average = std::make_shared<MovingAverage>(series, smoothing_);
    }
    for (auto* const graph : {curve.raw, curve.smooth}) {
        if (graph != nullptr)
            graph->setAdaptiveSampling(false); // points are decimated before they get here
    }
    for (auto* const graph : {curve.above, curve.below}) {
        graph->setLineStyle(QCPGraph::lsNone);
        graph->setAdaptiveSampling(false);
    }
    marked_ = marked_ || style.drawn == Drawn::Marked;
    curves_.push_back(std::move(curve));
    connect(series, &MetricSeries::changed, this, &CurvePlot::redrawSoon);
    applyColours();
    redrawSoon();
}

void CurvePlot::setHealthyBand(double lowest, double highest)
{
    band_ = {lowest, highest};
    bandBox_ = new QCPItemRect(plot());
    bandBox_->topLeft->setTypeX(QCPItemPosition::ptAxisRectRatio);
    bandBox_->bottomRight->setTypeX(QCPItemPosition::ptAxisRectRatio);
    bandBox_->topLeft->setCoords(0, highest);
    bandBox_->bottomRight->setCoords(1, lowest);
    bandBox_->setClipToAxisRect(true);
    bandBox_->setLayer(QStringLiteral("background"));
    applyColours();
}

void CurvePlot::setSmoothing(double smoothing)
{
    smoothing_ = smoothing;
    for (const auto& curve : curves_) {
        if (curve.average)
            curve.average->setSmoothing(smoothing);
    }
    applyColours();
    redrawSoon();
}

void CurvePlot::setIgnoreOutliers(bool ignore)
{
    ignoreOutliers_ = ignore;
    redrawSoon();
}

bool CurvePlot::hasPlace(const Curve& curve, AxisUnit unit) const
{
    return curve.series && !curve.series->isEmpty() && curve.clock->counts(unit);
}

bool CurvePlot::isEmptyOver(AxisUnit unit) const
{
    return std::ranges::none_of(curves_, [this, unit](const Curve& curve) { return hasPlace(curve, unit); });
}

std::optional<std::pair<double, double>> CurvePlot::extent(AxisUnit unit) const
{
    std::optional<std::pair<double, double>> all;
    for (const auto& curve : curves_) {
        if (!hasPlace(curve, unit))
            continue;
        const double first = curve.clock->position(curve.series->steps().front(), unit);
        const double last = curve.clock->position(curve.series->steps().back(), unit);
        all = all ? std::pair(std::min(all->first, first), std::max(all->second, last)) : std::pair(first, last);
    }
    return all;
}

void CurvePlot::draw(const ShownRange& shown)
{
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    const auto show = [&](QCPGraph* graph, const RecordedCurve& recorded, const StepClock& clock, Qt::PenStyle style) {
        auto points = decimated(recorded, clock, shown);
        for (qsizetype i = 0; i < points.x.size(); ++i) {
            auto& value = points.y[i];
            if (scale_ == Scale::Logarithmic && value <= 0)
                value = std::numeric_limits<double>::quiet_NaN(); // it has no place on this axis
            if (points.x[i] < shown.from || points.x[i] > shown.to || !std::isfinite(value))
                continue;
            lowest = std::min(lowest, value);
            highest = std::max(highest, value);
        }
        // Dashes along a curve that goes up and down in every column are not seen, and take seconds.
        auto pen = graph->pen();
        pen.setStyle(points.x.size() > shown.columns ? Qt::SolidLine : style);
        graph->setPen(pen);
        graph->setData(points.x, points.y, true);
    };
    std::size_t withoutPlace = 0;
    for (std::size_t i = 0; i < curves_.size(); ++i) {
        const auto& curve = curves_[i];
        if (!curve.series)
            continue;
        if (!curve.clock->counts(shown.unit)) {
            withoutPlace += curve.series->isEmpty() ? 0 : 1;
            for (auto* const graph : {curve.raw, curve.smooth}) {
                if (graph != nullptr)
                    graph->setData({}, {}, true);
            }
            continue;
        }
        const auto& steps = curve.series->steps();
        show(curve.raw, {steps, curve.series->values(), curve.series->extremes()}, *curve.clock,
             curve.smooth != nullptr && smoothing_ > 0 ? Qt::SolidLine : curve.style.pen);
        if (curve.smooth != nullptr)
            show(curve.smooth, {steps, curve.average->values(), curve.average->extremes()}, *curve.clock,
                 curve.style.pen);
        if (curve.style.drawn == Drawn::Marked)
            curve.raw->setScatterStyle(markOf(i, curve.raw->dataCount() * pixelsOfAMark <= shown.columns));
    }
    if (const auto usual = ignoreOutliers_ ? usualRange(shown) : std::nullopt)
        fitValues(usual->lowest, usual->highest);
    else if (lowest <= highest)
        fitValues(lowest, highest);
    for (const auto& curve : curves_)
        markLeaving(curve, shown);
    if (std::exchange(withoutPlace_, withoutPlace) != withoutPlace)
        showLegend();
}

/// Of what was recorded in the shown range, of all curves together, without outliers; of many points it reads some at
/// even distances. On a logarithmic axis outliers are judged as they are seen.
std::optional<ValueRange> CurvePlot::usualRange(const ShownRange& shown) const
{
    const bool logarithmic = scale_ == Scale::Logarithmic;
    std::vector<double> values;
    for (const auto& curve : curves_) {
        if (!hasPlace(curve, shown.unit))
            continue;
        const auto& steps = curve.series->steps();
        const auto begin =
            std::lower_bound(steps.begin(), steps.end(), curve.clock->step(shown.from, shown.unit)) - steps.begin();
        const auto end =
            std::upper_bound(steps.begin(), steps.end(), curve.clock->step(shown.to, shown.unit)) - steps.begin();
        const auto stride = std::max<qsizetype>(1, (end - begin + sampledPoints - 1) / sampledPoints);
        for (auto i = begin; i < end; i += stride) {
            const double value = curve.series->values()[i];
            if (std::isfinite(value) && (!logarithmic || value > 0))
                values.push_back(logarithmic ? std::log10(value) : value);
        }
    }
    auto range = rangeWithoutOutliers(std::move(values));
    if (range && logarithmic)
        range = ValueRange{.lowest = std::pow(10, range->lowest), .highest = std::pow(10, range->highest)};
    return range;
}

void CurvePlot::markLeaving(const Curve& curve, const ShownRange& shown)
{
    Points above, below;
    const auto axis = plot()->yAxis->range();
    const auto mark = [this](Points& points, double x, double y) {
        const auto pixel = [this](double at) { return plot()->xAxis->coordToPixel(at); };
        if (!points.x.isEmpty() && pixel(x) - pixel(points.x.back()) < pixelsOfAMark)
            return; // they would be one blot
        points.x.push_back(x);
        points.y.push_back(y);
    };
    if (ignoreOutliers_) {
        for (const auto& point : *curve.raw->data()) {
            if (point.key < shown.from || point.key > shown.to)
                continue;
            if (point.value > axis.upper)
                mark(above, point.key, leavingAbove);
            else if (point.value < axis.lower)
                mark(below, point.key, leavingBelow);
        }
    }
    curve.above->setData(above.x, above.y, true);
    curve.below->setData(below.x, below.y, true);
}

QVector<double> CurvePlot::leavesAt(std::size_t curve, Edge edge) const
{
    QVector<double> positions;
    const auto& at = curves_[curve];
    for (const auto& point : *(edge == Edge::Top ? at.above : at.below)->data())
        positions.push_back(point.key);
    return positions;
}

void CurvePlot::fitValues(double lowest, double highest)
{
    if (scale_ == Scale::Logarithmic) {
        plot()->yAxis->setRange(lowest / 1.5, highest * 1.5);
        return;
    }
    // A curve that hardly moves must not fill the plot with its noise: the range is at least a tenth of its height.
    const double centre = (lowest + highest) / 2;
    const double span = std::max({highest - lowest, 0.1 * std::abs(centre), 1e-12});
    const double padding = valuePadding * span;
    plot()->yAxis->setRange(centre - span / 2 - padding, centre + span / 2 + padding);
}

std::vector<PlotView::Reading> CurvePlot::readingsAt(double position) const
{
    std::vector<Reading> readings;
    for (const auto& curve : curves_) {
        Reading reading{.name = curve.name, .hue = curve.style.hue, .value = numberText(std::nan(""))};
        const auto at =
            hasPlace(curve, unit()) ? nearest(curve.series->steps(), curve.clock->step(position, unit())) : -1;
        if (at >= 0) {
            const auto recorded = numberText(curve.series->values()[at], 4);
            reading.value = curve.average && smoothing_ > 0
                                ? tr("%1 (raw %2)").arg(numberText(curve.average->values()[at], 4), recorded)
                                : recorded;
        }
        readings.push_back(std::move(reading));
    }
    return readings;
}

Points CurvePlot::drawnPoints(std::size_t curve) const
{
    Points points;
    for (const auto& point : *curves_[curve].raw->data()) {
        points.x.push_back(point.key);
        points.y.push_back(point.value);
    }
    return points;
}

void CurvePlot::applyOwnColours()
{
    const auto& colours = themeColours();
    for (const auto& curve : curves_) {
        auto colour = colours.hue(curve.style.hue);
        const bool averaged = curve.smooth != nullptr && smoothing_ > 0;
        if (curve.smooth != nullptr) {
            curve.smooth->setVisible(averaged);
            curve.smooth->setPen(QPen(colour, 2, curve.style.pen));
        }
        if (averaged)
            colour.setAlphaF(0.35F);
        curve.raw->setPen(QPen(colour, averaged ? 1 : 1.5, averaged ? Qt::SolidLine : curve.style.pen));
        const auto whole = colours.hue(curve.style.hue);
        using enum QCPScatterStyle::ScatterShape;
        curve.above->setScatterStyle(QCPScatterStyle(ssTriangle, whole, whole, 7));
        curve.below->setScatterStyle(QCPScatterStyle(ssTriangleInverted, whole, whole, 7));
    }
    if (bandBox_ != nullptr) {
        auto fill = colours.green;
        fill.setAlphaF(0.08F);
        bandBox_->setPen(Qt::NoPen);
        bandBox_->setBrush(fill);
    }
    showLegend();
}

void CurvePlot::showLegend()
{
    std::vector<CurveLegend::Entry> entries;
    for (const auto& curve : curves_) {
        const bool lacksDates = curve.series && !curve.series->isEmpty() && !curve.clock->counts(unit());
        entries.push_back({.name = lacksDates ? tr("%1 (no dates)").arg(curve.name) : curve.name,
                           .hue = curve.style.hue,
                           .pen = curve.style.pen});
    }
    if (band_)
        entries.push_back({.name = tr("healthy %1–%2").arg(numberText(band_->first, 2), numberText(band_->second, 2)),
                           .hue = Hue::Green,
                           .filled = true});
    legend()->setEntries(std::move(entries));
}

} // namespace nanodit
