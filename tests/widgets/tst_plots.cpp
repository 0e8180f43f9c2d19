#include "widgets/cards.h"
#include "widgets/curve_legend.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/plots/decimate.h"
#include "widgets/plots/metric_series.h"
#include "widgets/preview_grid.h"

#include <QElapsedTimer>
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
    void decimationKeepsExtremesAndEnds()
    {
        std::mt19937 random(3);
        std::normal_distribution<double> noise;
        QVector<double> x, y;
        for (int i = 0; i < 100000; ++i) {
            x << i;
            y << std::sin(i / 5000.0) + 0.1 * noise(random);
        }
        y[31415] = 50; // one spike among many points must stay visible
        y[77777] = -50;
        const auto points = decimated(x, y, 400);
        QVERIFY(points.x.size() <= 2 * 400 + 4);
        QCOMPARE(points.x.front(), x.front());
        QCOMPARE(points.x.back(), x.back());
        QCOMPARE(*std::max_element(points.y.begin(), points.y.end()), 50.0);
        QCOMPARE(*std::min_element(points.y.begin(), points.y.end()), -50.0);
        QVERIFY(std::is_sorted(points.x.begin(), points.x.end()));
        for (qsizetype i = 0; i < points.x.size(); ++i)
            QCOMPARE(points.y[i], y[static_cast<qsizetype>(points.x[i])]);
    }

    void fewPointsAreLeftAsTheyAre()
    {
        const QVector<double> x{1, 2, 3}, y{4, 5, 6};
        const auto points = decimated(x, y, 100);
        QCOMPARE(points.x, x);
        QCOMPARE(points.y, y);
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
        const auto constant = smoothed(QVector<double>(50, 3.5), 20);
        for (const double value : constant)
            QVERIFY(std::abs(value - 3.5) < 1e-12);
        const auto steps = smoothed({1, 2}, 2);
        QCOMPARE(steps[0], 1.0);
        QVERIFY(std::abs(steps[1] - 5.0 / 3) < 1e-12); // (0.25 * 1 + 0.5 * 2) / 0.75
    }

    void redrawsAtMostTenTimesASecond()
    {
        MetricSeries series;
        CurvePlot plot;
        plot.addCurve(&series, "loss", meaning::loss, CurvePlot::Drawn::WithAverage);
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
        const int before = plot.redraws();
        QElapsedTimer timer;
        timer.start();
        int step = 0;
        while (timer.elapsed() < 1000) {
            for (int i = 0; i < 50; ++i) {
                ++step;
                series.append(step, 1.0 / step);
            }
            QTest::qWait(5);
        }
        const int redraws = plot.redraws() - before;
        QVERIFY2(redraws >= 3 && redraws <= 11, qPrintable(QString::number(redraws)));
    }

    void aPlotOutlivesItsSeries()
    {
        CurvePlot plot;
        {
            MetricSeries series;
            series.append(1, 1);
            plot.addCurve(&series, "loss", meaning::loss);
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
        plot.addCurve(&series, "loss", meaning::loss);
        plot.setHealthyBand(0.5, 3);
        plot.resize(400, 200);
        plot.show();
        QVERIFY(QTest::qWaitForWindowExposed(&plot));
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
