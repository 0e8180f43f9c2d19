#include "widgets/plots/share_plot.h"

#include "widgets/curve_legend.h"
#include "widgets/plots/metric_series.h"
#include "widgets/plots/qcp.h"
#include "widgets/text.h"

#include <algorithm>

namespace nanodit {

SharePlot::SharePlot(QWidget* parent)
    : PlotView(parent)
{
    plot()->yAxis->setRange(0, 1);
    applyColours();
}

void SharePlot::addPart(MetricSeries* series, const QString& name, Hue hue)
{
    auto* const graph = plot()->addGraph();
    graph->setAdaptiveSampling(false);
    if (!parts_.empty())
        graph->setChannelFillGraph(parts_.back().graph);
    parts_.push_back({.series = series, .name = name, .hue = hue, .graph = graph});
    connect(series, &MetricSeries::changed, this, &SharePlot::redrawSoon);
    applyColours();
    redrawSoon();
}

void SharePlot::setClock(std::shared_ptr<const StepClock> clock)
{
    clock_ = std::move(clock);
}

bool SharePlot::isEmptyOver(AxisUnit unit) const
{
    return parts_.empty() || !clock_->counts(unit) ||
           std::any_of(parts_.begin(), parts_.end(), [](const Part& p) { return !p.series || p.series->isEmpty(); });
}

SharePlot::Stack SharePlot::common() const
{
    Stack stack;
    stack.values.resize(parts_.size());
    if (isEmpty())
        return stack;
    std::vector<qsizetype> at(parts_.size(), 0);
    for (const double step : parts_.front().series->steps()) {
        bool everywhere = true;
        for (std::size_t part = 0; part < parts_.size(); ++part) {
            const auto& steps = parts_[part].series->steps();
            while (at[part] < steps.size() && steps[at[part]] < step)
                ++at[part];
            everywhere = everywhere && at[part] < steps.size() && steps[at[part]] == step;
        }
        if (!everywhere)
            continue;
        stack.steps.push_back(step);
        for (std::size_t part = 0; part < parts_.size(); ++part)
            stack.values[part].push_back(parts_[part].series->values()[at[part]]);
    }
    return stack;
}

void SharePlot::draw(const ShownRange& shown)
{
    const auto stack = common();
    std::vector<Points> edges(parts_.size());
    const auto count = stack.steps.size();
    const auto firstAt = [&](double position) {
        return std::lower_bound(stack.steps.begin(), stack.steps.end(), clock_->step(position, shown.unit)) -
               stack.steps.begin();
    };
    // From the point before the range to the one behind it.
    const auto begin = std::max<qsizetype>(0, firstAt(shown.from) - 1);
    const auto end = std::min(count, firstAt(shown.to) + 2);
    const auto group = std::max<qsizetype>(1, (end - begin) / shown.columns);
    for (auto first = begin; first < end; first += group) {
        const auto last = std::min(first + group, end);
        double sum = 0;
        for (std::size_t part = 0; part < parts_.size(); ++part) {
            double mean = 0;
            for (auto i = first; i < last; ++i)
                mean += stack.values[part][i] / static_cast<double>(last - first);
            sum += mean;
            edges[part].x.push_back(clock_->position(stack.steps[last - 1], shown.unit));
            edges[part].y.push_back(sum);
        }
    }
    for (std::size_t part = 0; part < parts_.size(); ++part)
        parts_[part].graph->setData(edges[part].x, edges[part].y, true);
    plot()->yAxis->setRange(0, 1);
}

std::optional<std::pair<double, double>> SharePlot::extent(AxisUnit unit) const
{
    if (isEmptyOver(unit))
        return std::nullopt;
    const auto& steps = parts_.front().series->steps();
    return {{clock_->position(steps.front(), unit), clock_->position(steps.back(), unit)}};
}

std::vector<PlotView::Reading> SharePlot::readingsAt(double position) const
{
    std::vector<Reading> readings;
    const double step = clock_->step(position, unit());
    for (const auto& part : parts_) {
        Reading reading{.name = part.name, .hue = part.hue, .value = {}};
        if (part.series && !part.series->isEmpty() && clock_->counts(unit())) {
            const auto& steps = part.series->steps();
            const auto behind = std::upper_bound(steps.begin(), steps.end(), step) - steps.begin();
            const auto value = part.series->values()[std::max<qsizetype>(0, behind - 1)];
            reading.value = tr("%1 %").arg(QString::number(100 * value, 'f', 1));
        }
        readings.insert(readings.begin(), std::move(reading)); // the upper ones first, as they lie
    }
    return readings;
}

Points SharePlot::drawnEdge(std::size_t part) const
{
    Points points;
    for (const auto& point : *parts_[part].graph->data()) {
        points.x.push_back(point.key);
        points.y.push_back(point.value);
    }
    return points;
}

void SharePlot::applyOwnColours()
{
    std::vector<CurveLegend::Entry> entries;
    for (const auto& part : parts_) {
        auto colour = themeColours().hue(part.hue);
        part.graph->setPen(QPen(colour, 1));
        colour.setAlphaF(0.65F);
        part.graph->setBrush(colour);
        entries.push_back({.name = part.name, .hue = part.hue, .filled = true});
    }
    legend()->setEntries(std::move(entries));
}

} // namespace nanodit
