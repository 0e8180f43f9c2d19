/// What a plot of a long run takes: bench_plots [points]. Without a display: QT_QPA_PLATFORM=offscreen. Prints
/// milliseconds on the home thread, which every redraw and every new point would stall the window for.

#include "widgets/plots/curve_plot.h"
#include "widgets/plots/metric_series.h"
#include "widgets/plots/moving_average.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QElapsedTimer>
#include <QTest>

#include <cstdio>
#include <cstdlib>
#include <random>

using namespace nanodit;

namespace {

template<typename Work>
double millisecondsOf(Work work)
{
    QElapsedTimer timer;
    timer.start();
    work();
    return static_cast<double>(timer.nsecsElapsed()) / 1e6;
}

void line(const char* what, double milliseconds)
{
    std::printf("%-52s %10.2f ms\n", what, milliseconds);
    std::fflush(stdout);
}

} // namespace

int main(int argc, char** argv)
{
    QApplication application(argc, argv);
    const Theme theme(application);
    const int points = argc > 1 ? std::atoi(argv[1]) : 1000000;
    std::mt19937 random(1);
    std::normal_distribution<double> noise(0, 0.1);
    MetricSeries series;
    line("append every point", millisecondsOf([&] {
             for (int step = 1; step <= points; ++step)
                 series.append(step, 1 + 10.0 / step + noise(random));
         }));
    CurvePlot plot;
    plot.addCurve(&series, QStringLiteral("loss"), {.hue = meaning::loss, .drawn = CurvePlot::Drawn::WithAverage});
    plot.resize(800, 320);
    plot.show();
    if (!QTest::qWaitForWindowExposed(&plot))
        return EXIT_FAILURE;
    const auto drawn = [&plot] {
        plot.redraw();
        plot.grab();
    };
    line("first redraw: averages and extremes of every point", millisecondsOf([&] {
             plot.setSmoothing(0.9); // forgets the averages
             drawn();
         }));
    line("redraw and paint, everything shown", millisecondsOf(drawn));
    series.append(points + 1, 1.0);
    line("redraw and paint after one more point", millisecondsOf(drawn));
    plot.showRange({{points * 0.5, points * 0.502}});
    line("redraw and paint, zoomed to a 500th", millisecondsOf(drawn));
    line("values at the cursor", millisecondsOf([&] { plot.readingsAt(points / 3.0); }));
    line("another smoothing", millisecondsOf([&] {
             plot.setSmoothing(0.99);
             drawn();
         }));
    return EXIT_SUCCESS;
}
