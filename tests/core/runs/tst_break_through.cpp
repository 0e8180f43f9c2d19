#include "core/runs/break_through.h"

#include <QtTest/QTest>

#include <limits>
#include <vector>

using namespace nanodit;

namespace {

constexpr double none = std::numeric_limits<double>::quiet_NaN();

StepMetrics stepOf(std::int64_t step, double ratio, double patchGradient = 0.1)
{
    StepMetrics metrics;
    metrics.step = step;
    metrics.lossByDrop = {0.8 * ratio, none, 0.8, none};
    metrics.samplesByDrop = {1, 0, 1, 0};
    metrics.gradNormPatchProj = patchGradient;
    return metrics;
}

/// Fifty steps of each ratio of the loss with nothing dropped to that without DINO.
std::vector<StepMetrics> run(const std::vector<double>& ratios, double patchGradient = 0.1)
{
    std::vector<StepMetrics> steps;
    for (const double ratio : ratios) {
        for (int i = 0; i < 50; ++i)
            steps.push_back(stepOf(static_cast<std::int64_t>(steps.size()) + 1, ratio, patchGradient));
    }
    return steps;
}

using Found = std::optional<std::int64_t>;

} // namespace

class TestBreakThrough : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void isTheStepFromWhichTheLossesStayApart()
    {
        QCOMPARE(patchBreakThrough(run({0.95, 0.9, 0.8, 0.7})), Found{101});
        QCOMPARE(patchBreakThrough(run({0.8, 0.7, 0.6})), Found{1});
        QCOMPARE(patchBreakThrough(run({0.8, 0.7, 0.9, 0.8, 0.8})), Found{151}); // those before came together again
        QCOMPARE(patchBreakThrough(run({0.8, 0.7, 0.9})), Found{});
        QCOMPARE(patchBreakThrough(run({0.98, 0.97, 0.96})), Found{});
        QCOMPARE(patchBreakThrough({}), Found{});
    }

    void oneStretchIsNotEnough()
    {
        QCOMPARE(patchBreakThrough(run({0.9, 0.8})), Found{});
        QCOMPARE(patchBreakThrough(run({0.9, 0.8, 0.8})), Found{51});
    }

    void samplesCountAlike()
    {
        auto steps = run({0.95, 0.95, 0.95});
        for (auto& step : steps) {
            if (step.step % 2 == 0) { // nine of ten samples with nothing dropped
                step.samplesByDrop[0] = 9;
                step.lossByDrop[0] = 0.4;
            }
        }
        QCOMPARE(patchBreakThrough(steps), Found{1});
    }

    void aModelWithoutPatchesHasNone() { QCOMPARE(patchBreakThrough(run({0.8, 0.7, 0.6}, none)), Found{}); }

    void tooFewSamplesSayNothing()
    {
        auto steps = run({0.95, 0.95, 0.95});
        for (auto& step : steps) {
            if (step.step % 10 != 0)
                step.samplesByDrop = {1, 0, 0, 0}; // DINO was dropped in 5 of 50 steps
            step.lossByDrop[0] = 0.1;
        }
        QCOMPARE(patchBreakThrough(steps), Found{});
    }

    void aResumedRunBeginsAgainWhereItWasResumed()
    {
        PatchBreakThrough found;
        for (const auto& step : run({0.95, 0.8, 0.8}))
            found.append(step);
        QCOMPARE(found.step(), Found{51});
        for (std::int64_t step = 61; step <= 150; ++step)
            found.append(stepOf(step, 0.95));
        QCOMPARE(found.step(), Found{});
    }
};

QTEST_APPLESS_MAIN(TestBreakThrough)
#include "tst_break_through.moc"
