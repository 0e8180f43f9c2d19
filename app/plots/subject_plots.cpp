#include "app/plots/subject_plots.h"

#include "app/plots/plot_table.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/heat_plot.h"
#include "widgets/plots/share_plot.h"

#include <QCoreApplication>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

namespace nanodit {

namespace {

constexpr std::array curvePens = {Qt::SolidLine, Qt::DashLine, Qt::DotLine, Qt::DashDotLine};

QString blockWord()
{
    return QCoreApplication::translate("SubjectPlots", "block");
}

CurvePlot::Drawn drawnAs(PlotSubject::Kind kind)
{
    switch (kind) {
    case PlotSubject::Kind::Averaged:
        return CurvePlot::Drawn::WithAverage;
    case PlotSubject::Kind::Measured:
        return CurvePlot::Drawn::Marked;
    default:
        return CurvePlot::Drawn::AsIs;
    }
}

CurvePlot* makeCurves(const PlotSubject& subject, const std::vector<PlottedRun>& runs, QWidget* parent)
{
    auto* const plot = new CurvePlot(parent);
    const auto& first = subject.curves.front().key;
    if (!first.starts_with("validation/")) {
        if (const auto& text = metricText(first); text.healthy && text.scale == MetricScale::Linear)
            plot->setHealthyBand(text.healthy->low, text.healthy->high);
    }
    const bool alone = runs.size() == 1;
    for (std::size_t r = 0; r < runs.size(); ++r) {
        if (!runs[r].curves)
            continue;
        for (std::size_t c = 0; c < subject.curves.size(); ++c) {
            const auto& curve = subject.curves[c];
            // Of several runs the colour says which, and the stroke which of its lines.
            const auto name = alone                        ? curve.name
                              : subject.curves.size() == 1 ? runs[r].name
                                                           : runs[r].name + QStringLiteral(", ") + curve.name;
            plot->addCurve(&runs[r].curves->of(curve.key), name,
                           {.hue = alone ? curve.hue : hueOfRun(r),
                            .drawn = drawnAs(subject.kind),
                            .pen = alone ? Qt::SolidLine : curvePens[c % curvePens.size()]},
                           runs[r].curves->clock());
        }
    }
    return plot;
}

SharePlot* makeShares(const PlotSubject& subject, const PlottedRun& run, QWidget* parent)
{
    auto* const plot = new SharePlot(parent);
    if (!run.curves)
        return plot;
    plot->setClock(run.curves->clock());
    for (const auto& curve : subject.curves)
        plot->addPart(&run.curves->of(curve.key), curve.name, curve.hue);
    return plot;
}

/// What the blocks of several runs are shown in, so that a colour means the same in all of them.
struct BlockPlots {
    std::string key;
    std::vector<std::pair<HeatPlot*, QPointer<RunCurves>>> each;

    void show() const
    {
        double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
        for (const auto& [plot, curves] : each) {
            if (!curves)
                continue;
            auto course = curves->blocks(key);
            for (const auto& values : course.values) {
                for (const double value : values) {
                    if (!std::isfinite(value))
                        continue;
                    lowest = std::min(lowest, value);
                    highest = std::max(highest, value);
                }
            }
            plot->setCourse(std::move(course));
        }
        if (each.size() < 2 || lowest > highest)
            return; // one alone fits its colours to what it shows
        for (const auto& [plot, curves] : each)
            plot->setScale(lowest, std::max(highest, lowest + 1e-9));
    }
};

std::vector<PlotView*> makeBlocks(const PlotSubject& subject, const std::vector<PlottedRun>& runs, QWidget* parent)
{
    const auto& curve = subject.curves.front();
    const auto blocks = std::make_shared<BlockPlots>();
    blocks->key = curve.key;
    std::vector<PlotView*> plots;
    for (const auto& run : runs) {
        auto* const plot = new HeatPlot(blockWord(), curve.name, parent);
        plots.push_back(plot);
        if (!run.curves)
            continue;
        plot->setClock(run.curves->clock());
        blocks->each.emplace_back(plot, run.curves);
        // The plots of a subject live and die together.
        QObject::connect(run.curves, &RunCurves::attentionMeasured, plot, [blocks] { blocks->show(); });
    }
    blocks->show();
    return plots;
}

std::vector<TableCurve> blockCurves(const PlotSubject& subject, const PlottedRun& run, bool alone)
{
    std::vector<TableCurve> curves;
    if (!run.curves)
        return curves;
    const auto course = run.curves->blocks(subject.curves.front().key);
    for (std::size_t step = 0; step < course.steps.size(); ++step) {
        for (std::size_t block = 0; block < course.values[step].size(); ++block) {
            while (block >= curves.size()) {
                const auto name = QStringLiteral("%1 %2").arg(blockWord()).arg(curves.size());
                curves.push_back(
                    {.name = alone ? name : run.name + QLatin1Char(' ') + name, .steps = {}, .values = {}});
            }
            curves[block].steps.push_back(course.steps[step]);
            curves[block].values.push_back(course.values[step][block]);
        }
    }
    return curves;
}

/// Whether each run has a plot of its own: shares are stacked, and blocks are rows, so that two runs cannot lie over
/// each other.
bool isPlottedByRun(const PlotSubject& subject)
{
    return subject.kind == PlotSubject::Kind::Shares || subject.kind == PlotSubject::Kind::Blocks;
}

} // namespace

Hue hueOfRun(std::size_t place)
{
    constexpr std::array order = {Hue::Blue, Hue::Orange, Hue::Green, Hue::Vermillion, Hue::Purple, Hue::Sky};
    return order[place % order.size()];
}

std::vector<PlotView*> makeSubjectPlots(const PlotSubject& subject, const std::vector<PlottedRun>& runs,
                                        QWidget* parent)
{
    if (!isPlottedByRun(subject))
        return {makeCurves(subject, runs, parent)};
    const auto shown = runs.empty() ? std::vector<PlottedRun>(1) : runs;
    if (subject.kind == PlotSubject::Kind::Blocks)
        return makeBlocks(subject, shown, parent);
    std::vector<PlotView*> plots;
    for (const auto& run : shown)
        plots.push_back(makeShares(subject, run, parent));
    return plots;
}

QByteArray subjectTable(const PlotSubject& subject, const std::vector<PlottedRun>& runs)
{
    std::vector<TableCurve> table;
    const bool alone = runs.size() == 1;
    for (const auto& run : runs) {
        if (!run.curves)
            continue;
        if (subject.kind == PlotSubject::Kind::Blocks) {
            std::ranges::move(blockCurves(subject, run, alone), std::back_inserter(table));
            continue;
        }
        for (const auto& curve : subject.curves) {
            const auto& series = run.curves->of(curve.key);
            const auto key = QString::fromStdString(curve.key);
            table.push_back({.name = alone ? key : run.name + QLatin1Char(' ') + key,
                             .steps = series.steps(),
                             .values = series.values()});
        }
    }
    return plotTable(table, alone && runs.front().curves ? runs.front().curves->clock() : nullptr);
}

} // namespace nanodit
