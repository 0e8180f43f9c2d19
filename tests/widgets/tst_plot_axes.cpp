#include "widgets/curve_legend.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/heat_plot.h"
#include "widgets/plots/metric_series.h"
#include "widgets/plots/plot_marks.h"
#include "widgets/plots/qcp.h"
#include "widgets/plots/robust_range.h"
#include "widgets/plots/step_clock.h"

#include <QLocale>
#include <QTest>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <random>

using namespace nanodit;
using namespace std::chrono_literals;

namespace {

constexpr auto noon = StepClock::Moment(1764411600s);
constexpr double noonSeconds = 1764411600;

void showPlot(PlotView& plot)
{
    plot.resize(600, 300);
    plot.show();
    QVERIFY(QTest::qWaitForWindowExposed(&plot));
    plot.redraw();
}

/// What is said in the middle of a plot; empty while it draws something.
QString wordsIn(const PlotView& plot)
{
    const auto* const canvas = plot.findChild<QCustomPlot*>();
    for (int i = 0; i < canvas->itemCount(); ++i) {
        const auto* const text = qobject_cast<QCPItemText*>(canvas->item(i));
        if (text != nullptr && text->visible())
            return text->text();
    }
    return {};
}

} // namespace

/// What the axes of plots show: values without outliers, and the times at which steps ended.
class TestPlotAxes : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void outliersAreWhatLiesFarBeyondTheRest()
    {
        QVERIFY(!rangeWithoutOutliers({}));
        QCOMPARE(rangeWithoutOutliers({1, 2, 300})->highest, 300.0); // too few to judge

        std::mt19937 random(7);
        std::uniform_real_distribution<double> any(0, 1);
        std::vector<double> values;
        for (int i = 0; i < 1000; ++i)
            values.push_back(any(random));
        const auto [lowest, highest] = std::ranges::minmax(values);
        const auto calm = rangeWithoutOutliers(values);
        QCOMPARE(calm->lowest, lowest);
        QCOMPARE(calm->highest, highest);
        values.push_back(1.5); // unusual, but near
        QCOMPARE(rangeWithoutOutliers(values)->highest, 1.5);
        values.insert(values.end(), {50, -70, 1e9});
        QCOMPARE(rangeWithoutOutliers(values)->highest, 1.5);
        QCOMPARE(rangeWithoutOutliers(values)->lowest, lowest);

        QCOMPARE(rangeWithoutOutliers({1, 2, 3, 2, 1, 90})->highest, 3.0); // few values
        std::vector<double> counts(500, 0.0);
        counts[77] = 2;
        QCOMPARE(rangeWithoutOutliers(counts)->highest, 2.0); // there is nothing to tell it by
    }

    void aSpikeIsLeftOutOfTheRangeAndMarked()
    {
        MetricSeries series;
        for (int step = 0; step < 1000; ++step)
            series.append(step, step == 500 ? 1000.0 : step == 700 ? -1000.0 : 2 + std::sin(step / 20.0));
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss});
        showPlot(plot);
        QVERIFY(plot.shownValues().second > 900);
        QVERIFY(plot.leavesAt(0, CurvePlot::Edge::Top).isEmpty());
        plot.setIgnoreOutliers(true);
        plot.redraw();
        QVERIFY(plot.shownValues().first > 0.5 && plot.shownValues().first < 1);
        QVERIFY(plot.shownValues().second > 3 && plot.shownValues().second < 3.5);
        QCOMPARE(plot.leavesAt(0, CurvePlot::Edge::Top), QVector<double>{500});
        QCOMPARE(plot.leavesAt(0, CurvePlot::Edge::Bottom), QVector<double>{700});
        plot.showRange({{0, 400}}); // neither is in it
        QVERIFY(plot.leavesAt(0, CurvePlot::Edge::Top).isEmpty());
        plot.showRange(std::nullopt);
        plot.setIgnoreOutliers(false);
        plot.redraw();
        QVERIFY(plot.shownValues().second > 900);
        QVERIFY(plot.leavesAt(0, CurvePlot::Edge::Top).isEmpty());
    }

    void aSpikeAmongManyPointsIsMarked()
    {
        MetricSeries series;
        for (int step = 0; step < 100000; ++step)
            series.append(step, step == 77777 ? 1e6 : std::sin(step / 50.0));
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss});
        plot.setIgnoreOutliers(true);
        showPlot(plot);
        QVERIFY2(plot.shownValues().second < 1.3, qPrintable(QString::number(plot.shownValues().second)));
        QCOMPARE(plot.leavesAt(0, CurvePlot::Edge::Top), QVector<double>{77777});
        QVERIFY(plot.leavesAt(0, CurvePlot::Edge::Bottom).isEmpty());
    }

    void onALogarithmicAxisOutliersAreJudgedAsTheyAreSeen()
    {
        MetricSeries series;
        for (int step = 0; step < 300; ++step)
            series.append(step, step == 100 ? 1e-12 : step == 200 ? 0.0 : std::pow(10.0, step % 3)); // 1, 10, 100
        CurvePlot plot(nullptr, CurvePlot::Scale::Logarithmic);
        plot.addCurve(&series, "gradient", {.hue = meaning::gradient});
        plot.setIgnoreOutliers(true);
        showPlot(plot);
        QVERIFY(plot.shownValues().first > 0.5 && plot.shownValues().first < 1);
        QVERIFY(plot.shownValues().second > 100 && plot.shownValues().second < 200);
        QCOMPARE(plot.leavesAt(0, CurvePlot::Edge::Bottom), QVector<double>{100});
    }

    void stepsLieWhereTheyEnded()
    {
        StepClock clock;
        QVERIFY(!clock.counts(AxisUnit::DateTime) && clock.counts(AxisUnit::Seconds));
        clock.append(1, 4, 2.0);
        QVERIFY(!clock.counts(AxisUnit::DateTime));
        QVERIFY(std::isnan(clock.position(1, AxisUnit::DateTime)));
        clock.append(2, 4, 2.0, noon);
        clock.append(3, 4, 2.0, noon + 100s); // a validation, or a pause
        QVERIFY(clock.counts(AxisUnit::DateTime));
        QCOMPARE(clock.position(2, AxisUnit::DateTime), noonSeconds);
        QCOMPARE(clock.position(3, AxisUnit::DateTime), noonSeconds + 100);
        QCOMPARE(clock.position(2.5, AxisUnit::DateTime), noonSeconds + 50);
        QCOMPARE(clock.position(1, AxisUnit::DateTime), noonSeconds - 2); // by what it computed
        QCOMPARE(clock.position(3, AxisUnit::Seconds), 6.0);
        for (const double step : {1.0, 1.5, 2.25, 3.0})
            QVERIFY(std::abs(clock.step(clock.position(step, AxisUnit::DateTime), AxisUnit::DateTime) - step) < 1e-4);
        clock.append(4, 4, 2.0, noon + 50s); // the clock was set back
        QCOMPARE(clock.position(4, AxisUnit::DateTime), noonSeconds + 100);
        clock.append(3, 4, 2.0, noon + 5000s); // resumed from a checkpoint, later
        QCOMPARE(clock.position(2, AxisUnit::DateTime), noonSeconds);
        QCOMPARE(clock.position(3, AxisUnit::DateTime), noonSeconds + 5000);
        clock.append(1, 4, 2.0); // by an earlier version, from the start
        QVERIFY(!clock.counts(AxisUnit::DateTime));
    }

    void aRunWithoutDatesSaysSo()
    {
        MetricSeries dated, old;
        auto clock = std::make_shared<StepClock>(), without = std::make_shared<StepClock>();
        for (int step = 1; step <= 10; ++step) {
            dated.append(step, step);
            old.append(step, step);
            clock->append(step, 4, 2.0, noon + std::chrono::seconds(10 * step));
            without->append(step, 4, 2.0);
        }
        CurvePlot both;
        both.addCurve(&dated, "new", {.hue = Hue::Blue}, clock);
        both.addCurve(&old, "old", {.hue = Hue::Orange}, without);
        showPlot(both);
        const auto names = [](const PlotView& plot) {
            QStringList all;
            for (const auto& entry : plot.legend()->entries())
                all << entry.name;
            return all;
        };
        QCOMPARE(names(both), (QStringList{"new", "old"}));
        both.setHorizontal(AxisUnit::DateTime, true); // which has no logarithm
        both.redraw();
        QCOMPARE(both.shownRange(), std::pair(noonSeconds + 10, noonSeconds + 100));
        QCOMPARE(both.drawnPoints(0).x.size(), 10);
        QVERIFY(both.drawnPoints(1).x.isEmpty());
        QCOMPARE(names(both), (QStringList{"new", "old (no dates)"}));
        const auto readings = both.readingsAt(noonSeconds + 50);
        QVERIFY2(readings[0].value.startsWith("5"), qPrintable(readings[0].value));
        QCOMPARE(readings[1].value, QString("–"));
        QCOMPARE(wordsIn(both), QString());

        CurvePlot alone;
        alone.setEmptyText("Press Start");
        alone.addCurve(&old, "old", {.hue = Hue::Orange}, without);
        showPlot(alone);
        QCOMPARE(wordsIn(alone), QString());
        alone.setHorizontal(AxisUnit::DateTime, false);
        alone.redraw();
        QVERIFY(alone.isEmpty());
        QVERIFY2(wordsIn(alone).contains("without dates"), qPrintable(wordsIn(alone)));
        old.clear();
        alone.redraw();
        QCOMPARE(wordsIn(alone), QString("Press Start"));

        QCustomPlot canvas;
        PlotMarks marks(&canvas);
        marks.set({{.kind = PlotMark::Kind::Resumed, .step = 5, .text = "new", .clock = clock},
                   {.kind = PlotMark::Kind::Skipped, .step = 5, .text = "old", .clock = without}});
        QCOMPARE(marks.near(noonSeconds + 50, 1, AxisUnit::DateTime), QStringList{"new"});
        marks.draw({.from = noonSeconds, .to = noonSeconds + 100, .columns = 400, .unit = AxisUnit::DateTime});
        int drawn = 0;
        for (int i = 0; i < canvas.graphCount(); ++i)
            drawn += canvas.graph(i)->dataCount();
        QCOMPARE(drawn, 1);
    }

    void ticksStandAtWholeSteps()
    {
        MetricSeries series;
        for (const int step : {1, 2, 3})
            series.append(step, step);
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss});
        showPlot(plot);
        auto* const axis = plot.findChild<QCustomPlot*>()->xAxis;
        for (const auto& range : {axis->range(), QCPRange(1, 16), QCPRange(0, 10), QCPRange(1, 16000)}) {
            QVector<double> ticks;
            QVector<QString> labels;
            axis->ticker()->generate(range, QLocale(), QLatin1Char('g'), 7, ticks, nullptr, &labels);
            QVERIFY(ticks.size() >= 2);
            for (int i = 0; i < ticks.size(); ++i) {
                QCOMPARE(ticks[i], std::round(ticks[i]));
                QCOMPARE(labels[i], QLocale().toString(qRound64(ticks[i]))); // as at the cursor
            }
        }
    }

    void coloursKeepAFixedScale()
    {
        HeatPlot plot("block", "patches");
        plot.setCourse({.steps = {100, 200}, .values = {{1, 2}, {3, 4}}});
        showPlot(plot);
        QCOMPARE(plot.shownColours(), std::pair(1.0, 4.0));
        plot.setScale(0, 9); // as another run needs it
        plot.redraw();
        QCOMPARE(plot.shownColours(), std::pair(0.0, 9.0));
    }
};

QTEST_MAIN(TestPlotAxes)
#include "tst_plot_axes.moc"
