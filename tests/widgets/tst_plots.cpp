#include "widgets/cards.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/heat_plot.h"
#include "widgets/plots/metric_series.h"
#include "widgets/plots/min_max_pyramid.h"
#include "widgets/plots/plot_marks.h"
#include "widgets/plots/qcp.h"
#include "widgets/plots/share_plot.h"
#include "widgets/preview_grid.h"

#include <QElapsedTimer>
#include <QLabel>
#include <QMouseEvent>
#include <QSignalSpy>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

using namespace nanodit;

class TestPlots : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void extremesOfAnyRangeAreThoseOfReadingIt()
    {
        std::mt19937 random(7);
        std::uniform_real_distribution<double> any(-1, 1);
        QVector<double> values;
        MinMaxPyramid pyramid;
        for (int i = 0; i < 5000; ++i) {
            values << any(random);
            if (i % 7 == 0)
                pyramid.extend(values); // as it grows
        }
        values.resize(4321);
        pyramid.truncate(4321);
        for (int i = 0; i < 500; ++i)
            values << any(random);
        pyramid.extend(values);
        for (int trial = 0; trial < 2000; ++trial) {
            auto begin = static_cast<qsizetype>(random() % static_cast<unsigned>(values.size()));
            auto end = static_cast<qsizetype>(random() % static_cast<unsigned>(values.size()));
            if (begin > end)
                std::swap(begin, end);
            ++end;
            const auto found = pyramid.extremes(values, begin, end);
            const auto [lowest, highest] = std::minmax_element(values.begin() + begin, values.begin() + end);
            QCOMPARE(values[found.lowest], *lowest);
            QCOMPARE(values[found.highest], *highest);
            QVERIFY(found.lowest >= begin && found.lowest < end && found.highest >= begin && found.highest < end);
        }
    }

    void decimationKeepsExtremesAndEnds()
    {
        std::mt19937 random(3);
        std::normal_distribution<double> noise;
        MetricSeries series;
        for (int i = 0; i < 100000; ++i)
            // One spike among many points must stay visible.
            series.append(i, i == 31415 ? 50 : i == 77777 ? -50 : std::sin(i / 5000.0) + 0.1 * noise(random));
        const auto points = decimated({series.steps(), series.values(), series.extremes()}, 400);
        QVERIFY(points.x.size() <= 2 * 400 + 4);
        QCOMPARE(points.x.front(), 0.0);
        QCOMPARE(points.x.back(), 99999.0);
        QCOMPARE(*std::max_element(points.y.begin(), points.y.end()), 50.0);
        QCOMPARE(*std::min_element(points.y.begin(), points.y.end()), -50.0);
        QVERIFY(std::is_sorted(points.x.begin(), points.x.end()));
        for (qsizetype i = 0; i < points.x.size(); ++i)
            QCOMPARE(points.y[i], series.values()[static_cast<qsizetype>(points.x[i])]);
    }

    void fewPointsAreLeftAsTheyAre()
    {
        MetricSeries series;
        for (const int step : {1, 2, 3})
            series.append(step, step + 3);
        const auto points = decimated({series.steps(), series.values(), series.extremes()}, 100);
        QCOMPARE(points.x, series.steps());
        QCOMPARE(points.y, series.values());
    }

    /// What a person sees who looks for a wave of 40 steps in a long run.
    void zoomingShowsEveryPointOfTheZoomedRange()
    {
        MetricSeries series;
        for (int step = 0; step < 100000; ++step)
            series.append(step, std::sin(2 * M_PI * step / 40));
        CurvePlot plot;
        plot.addCurve(&series, "wave", {.hue = meaning::loss});
        plot.resize(800, 300);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.showRange({{50000, 51400}});
        const auto points = plot.drawnPoints(0);
        QVERIFY2(points.x.size() >= 1400, qPrintable(QString::number(points.x.size())));
        QVERIFY(points.x.front() < 50000 && points.x.back() > 51400); // lines run to the edges
        int crossings = 0;
        for (qsizetype i = 1; i < points.y.size(); ++i)
            crossings += points.y[i - 1] < -1e-9 && points.y[i] >= -1e-9;
        QVERIFY2(std::abs(crossings - 35) <= 1, qPrintable(QString::number(crossings)));
    }

    void valuesFitWhatIsShown()
    {
        MetricSeries series;
        for (int step = 0; step < 10000; ++step)
            series.append(step, step < 100 ? 1000.0 : 1 + 0.5 * std::sin(step / 30.0));
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss});
        plot.resize(600, 300);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.redraw();
        QVERIFY(plot.shownValues().second > 900);
        plot.showRange({{5000, 6000}});
        QVERIFY(plot.shownValues().first > 0.3 && plot.shownValues().second < 1.7);
        plot.showRange(std::nullopt);
        QVERIFY(plot.shownValues().second > 900);
    }

    void theWheelZoomsAndADoubleClickShowsEverythingAgain()
    {
        MetricSeries series;
        for (int step = 0; step < 1000; ++step)
            series.append(step, step);
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss});
        plot.resize(600, 300);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.redraw();
        auto* const canvas = plot.findChild<QCustomPlot*>();
        QVERIFY(canvas != nullptr);
        const QPointF middle(300, 150);
        QWheelEvent wheel(middle, canvas->mapToGlobal(middle), {}, {0, 480}, Qt::NoButton, Qt::NoModifier,
                          Qt::NoScrollPhase, false);
        QCoreApplication::sendEvent(canvas, &wheel);
        const auto [from, to] = plot.shownRange();
        QVERIFY(from > 0 && to < 999);
        series.append(1000, 5);
        plot.redraw();
        QCOMPARE(plot.shownRange(), std::pair(from, to)); // what comes does not move what is looked at
        QTest::mouseDClick(canvas, Qt::LeftButton, {}, middle.toPoint());
        QCOMPARE(plot.shownRange(), std::pair(0.0, 1000.0));
    }

    void theCursorTellsWhatWasRecordedAndGoesWithTheMouse()
    {
        MetricSeries raw;
        for (int step = 0; step < 100000; ++step)
            raw.append(step, step % 1000 == 123 ? 7.0 : 1.0);
        CurvePlot plot;
        plot.addCurve(&raw, "loss", {.hue = meaning::loss, .drawn = CurvePlot::Drawn::WithAverage});
        plot.resize(600, 300);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.redraw();
        QVERIFY2(plot.readingsAt(50124).front().value.endsWith("(raw 1.000)"),
                 qPrintable(plot.readingsAt(50124).front().value)); // its column also holds a 7
        QVERIFY(plot.readingsAt(50123).front().value.endsWith("(raw 7.000)"));
        QCOMPARE(plot.readingsAt(200000).front().value, QString("–"));

        auto* const canvas = plot.findChild<QCustomPlot*>();
        auto* const readings = plot.findChild<QLabel*>("plotReadings");
        QVERIFY(canvas != nullptr && readings != nullptr);
        const auto moveTo = [canvas](QPointF place) { // sent by hand: a screen leaves out moves to where its mouse is
            QMouseEvent move(QEvent::MouseMove, place, canvas->mapToGlobal(place), Qt::NoButton, Qt::NoButton,
                             Qt::NoModifier);
            QCoreApplication::sendEvent(canvas, &move);
        };
        moveTo({280, 140});
        QTRY_VERIFY_WITH_TIMEOUT(readings->isVisible(), 60000);
        QVERIFY(readings->text().contains("loss"));
        QEvent leave(QEvent::Leave);
        QCoreApplication::sendEvent(canvas, &leave);
        QVERIFY(!readings->isVisible());
        plot.resize(320, 300); // of which the readings take more than half
        QTRY_COMPARE_WITH_TIMEOUT(canvas->width(), 320, 60000);
        const auto axes = canvas->axisRect()->rect();
        for (int x = axes.left() + 2; x < axes.right(); x += 20) {
            moveTo({static_cast<double>(x), 150});
            QTRY_VERIFY_WITH_TIMEOUT(readings->isVisible(), 60000);
            QVERIFY2(canvas->rect().contains(readings->geometry()), qPrintable(QString::number(x)));
        }
        raw.clear(); // another run is shown
        QTRY_VERIFY_WITH_TIMEOUT(!readings->isVisible(), 60000);
    }

    void aStepLooksTheSameWhenTheRunHasGoneOn()
    {
        std::mt19937 random(5);
        std::uniform_real_distribution<double> any(0, 1);
        MetricSeries series;
        MovingAverage average(&series, 0.9);
        for (int step = 0; step < 100; ++step)
            series.append(step, any(random));
        const auto before = average.values();
        for (int step = 100; step < 10000; ++step)
            series.append(step, any(random));
        QCOMPARE(average.values().mid(0, 100), before);
        QCOMPARE(average.values().size(), 10000);
        MovingAverage fresh(&series, 0.9);
        QCOMPARE(average.values(), fresh.values());
        series.append(50, 3.0); // back to a checkpoint
        MovingAverage again(&series, 0.9);
        QCOMPARE(average.values().size(), 51);
        QCOMPARE(average.values(), again.values());
    }

    void otherAxesPlaceStepsBySamplesAndTime()
    {
        StepClock clock;
        QCOMPARE(clock.position(7, AxisUnit::Samples), 7.0);
        clock.append(1, 4, 2.0);
        clock.append(2, 4, 2.0);
        clock.append(3, 8, 10.0);
        QCOMPARE(clock.position(2, AxisUnit::Samples), 8.0);
        QCOMPARE(clock.position(3, AxisUnit::Seconds), 14.0);
        QCOMPARE(clock.position(2.5, AxisUnit::Seconds), 9.0);
        for (const auto unit : {AxisUnit::Steps, AxisUnit::Samples, AxisUnit::Seconds}) {
            for (const double step : {0.5, 1.0, 1.75, 3.0})
                QVERIFY(std::abs(clock.step(clock.position(step, unit), unit) - step) < 1e-12);
        }
        clock.append(2, 100, 1.0); // back to a checkpoint
        QCOMPARE(clock.position(2, AxisUnit::Samples), 104.0);

        MetricSeries series;
        series.append(1, 5);
        series.append(2, 6);
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss}, std::make_shared<const StepClock>(clock));
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.setHorizontal(AxisUnit::Samples, false);
        plot.redraw();
        QCOMPARE(plot.drawnPoints(0).x, (QVector<double>{4, 104}));
        QCOMPARE(plot.shownRange(), std::pair(4.0, 104.0));
    }

    void whatHasNoPlaceOnALogarithmicAxisIsAGap()
    {
        MetricSeries series;
        for (int step = 1; step <= 10; ++step)
            series.append(step, step == 5 ? 0.0 : std::pow(10.0, step - 5));
        CurvePlot plot(nullptr, CurvePlot::Scale::Logarithmic);
        plot.addCurve(&series, "gradient", {.hue = meaning::gradient});
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.setHorizontal(AxisUnit::Steps, true);
        plot.redraw();
        QVERIFY(std::isnan(plot.drawnPoints(0).y[4]));
        QVERIFY(plot.shownValues().first > 0 && plot.shownValues().first < 1e-4);
        QVERIFY(plot.shownRange().first > 0);
    }

    void sharesLieOnEachOtherAndStillSumToTheWholeWhenThinned()
    {
        MetricSeries text, patches, cls;
        for (int step = 0; step < 5000; ++step) {
            const double share = 0.5 + 0.4 * std::sin(step / 3.0);
            text.append(step, share);
            if (step != 17) // a step that does not have every part is left out
                patches.append(step, 0.9 - share);
            cls.append(step, 0.1);
        }
        SharePlot plot;
        plot.addPart(&text, "text", meaning::text);
        plot.addPart(&patches, "patches", meaning::patches);
        plot.addPart(&cls, "CLS", meaning::cls);
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.redraw();
        const auto top = plot.drawnEdge(2);
        QVERIFY(top.x.size() > 100 && top.x.size() < 1500);
        for (const double edge : top.y)
            QVERIFY(std::abs(edge - 1) < 1e-9);
        QVERIFY(plot.drawnEdge(0).y != plot.drawnEdge(1).y);
        QCOMPARE(plot.readingsAt(0).size(), std::size_t(3));
        QCOMPARE(plot.readingsAt(0).back().name, QString("text"));
        QCOMPARE(plot.readingsAt(0).back().value, QString("50.0 %"));
    }

    void aHeatMapTellsEveryBlockOfTheNewestMeasurement()
    {
        HeatPlot plot("block", "patches");
        QVERIFY(plot.isEmpty());
        plot.setCourse({.steps = {100, 200, 300}, .values = {{1, 2}, {3, 4}, {5, 6}}});
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.redraw();
        const auto readings = plot.readingsAt(250);
        QCOMPARE(readings.size(), std::size_t(2));
        QCOMPARE(readings[0].name, QString("block 1"));
        QCOMPARE(readings[0].value, QString("4.00"));
        QCOMPARE(readings[1].value, QString("3.00"));
        QCOMPARE(plot.shownRange(), std::pair(100.0, 300.0));
        QVERIFY(!plot.grab().isNull());
    }

    void marksAreToldAtTheirStep()
    {
        QCustomPlot canvas;
        PlotMarks marks(&canvas);
        marks.set({{.kind = PlotMark::Kind::Resumed, .step = 100, .text = "Resumed at step 100"},
                   {.kind = PlotMark::Kind::Skipped, .step = 105, .text = "Skipped"},
                   {.kind = PlotMark::Kind::Jumped, .step = 150, .text = "Jumped"}});
        QCOMPARE(marks.near(101, 2, AxisUnit::Steps), QStringList{"Resumed at step 100"});
        QCOMPARE(marks.near(102, 5, AxisUnit::Steps).size(), 2);
        QVERIFY(marks.near(200, 5, AxisUnit::Steps).isEmpty());
        marks.draw({.from = 0, .to = 200, .columns = 400});
        int drawn = 0;
        for (int i = 0; i < canvas.graphCount(); ++i)
            drawn += canvas.graph(i)->dataCount();
        QCOMPARE(drawn, 3);
    }

    void aPictureHoldsTitleAndCurveAtTheAskedSize()
    {
        MetricSeries series;
        for (int step = 0; step < 100; ++step)
            series.append(step, step);
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss});
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        plot.redraw();
        const auto image = plot.picture("Loss of a run", {800, 400}, 2);
        QCOMPARE(image.size(), QSize(1600, 800));
        const auto wanted = themeColours().hue(meaning::loss);
        int found = 0;
        for (int y = 100; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x)
                found += image.pixelColor(x, y) == wanted;
        }
        QVERIFY2(found > 300, qPrintable(QString::number(found)));
    }

    void seriesSkipsWhatIsNotANumber()
    {
        MetricSeries series;
        series.append(1, 2.0);
        series.append(2, std::numeric_limits<double>::quiet_NaN());
        series.append(3, 4.0);
        QCOMPARE(series.steps(), (QVector<double>{1, 3}));
        QCOMPARE(series.last(), 4.0);
    }

    void aRunThatWentBackDropsWhatItRepeats()
    {
        MetricSeries series;
        for (int step = 1; step <= 10; ++step)
            series.append(step, step);
        series.append(6, 60);
        QCOMPARE(series.steps(), (QVector<double>{1, 2, 3, 4, 5, 6}));
        QCOMPARE(series.last(), 60.0);
    }

    void movingAverageStartsAtTheFirstValueAndKeepsAConstant()
    {
        MetricSeries constant, rising;
        for (int step = 0; step < 50; ++step)
            constant.append(step, 3.5);
        const MovingAverage flat(&constant, 0.95);
        for (const double value : flat.values())
            QVERIFY(std::abs(value - 3.5) < 1e-12);
        rising.append(0, 1);
        rising.append(1, 2);
        const MovingAverage average(&rising, 0.5);
        QCOMPARE(average.values()[0], 1.0);
        QVERIFY(std::abs(average.values()[1] - 5.0 / 3) < 1e-12); // (0.25 * 1 + 0.5 * 2) / 0.75
    }

    void redrawsAtMostTenTimesASecond()
    {
        MetricSeries series;
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss, .drawn = CurvePlot::Drawn::WithAverage});
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        const int before = plot.redraws();
        QElapsedTimer timer;
        timer.start();
        int step = 0;
        const auto drawn = [&] { return plot.redraws() - before; };
        while (timer.elapsed() < 1000 || (drawn() < 3 && timer.elapsed() < 60000)) { // a slow machine draws more seldom
            for (int i = 0; i < 50; ++i) {
                ++step;
                series.append(step, 1.0 / step);
            }
            QTest::qWait(5);
        }
        const auto most = 2 + timer.elapsed() / 95; // timers of Qt may be early by a twentieth
        QVERIFY2(drawn() >= 3 && drawn() <= most, qPrintable(QStringLiteral("%1 of %2").arg(drawn()).arg(most)));
    }

    void aPlotOutlivesItsSeries()
    {
        CurvePlot plot;
        {
            MetricSeries series;
            series.append(1, 1);
            plot.addCurve(&series, "loss", {.hue = meaning::loss});
        }
        plot.resize(300, 150);
        QVERIFY(!plot.grab().isNull());
        QVERIFY(plot.isEmpty());
    }

    void drawsTheCurveInItsColour()
    {
        MetricSeries series;
        for (int step = 0; step < 100; ++step)
            series.append(step, step < 50 ? 1 : 2);
        CurvePlot plot;
        plot.addCurve(&series, "loss", {.hue = meaning::loss});
        plot.setHealthyBand(0.5, 3);
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        QTRY_VERIFY_WITH_TIMEOUT(plot.redraws() > 0, 60000);
        QTest::qWait(150);
        const auto image = plot.grab().toImage();
        const auto wanted = themeColours().hue(meaning::loss);
        int found = 0;
        for (int y = 0; y < image.height(); ++y) {
            for (int x = 0; x < image.width(); ++x) {
                const auto colour = image.pixelColor(x, y);
                found += std::abs(colour.red() - wanted.red()) + std::abs(colour.green() - wanted.green()) +
                             std::abs(colour.blue() - wanted.blue()) <
                         60;
            }
        }
        QVERIFY2(found > 150, qPrintable(QString::number(found)));
    }

    void previewsFillColumnsByStepInAnyOrder()
    {
        PreviewGrid grid;
        grid.resize(600, 300);
        QImage picture(16, 16, QImage::Format_RGB888);
        picture.fill(Qt::blue);
        for (const qint64 step : {200, 100, 300}) {
            for (const char* record : {"a", "b"})
                grid.add(step, record, "caption", picture, picture);
        }
        grid.add(200, "a", "caption", picture, picture);
        QCOMPARE(grid.columns(), 3);
        QVERIFY(!grid.grab().isNull());
        grid.clear();
        QVERIFY(grid.isEmpty());
    }
};

QTEST_MAIN(TestPlots)
#include "tst_plots.moc"
