#include "core/runs/break_through.h"

#include <QtTest/QTest>

#include <vector>

using namespace nanodit;

class TestBreakThrough : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void isTheStepFromWhichABlockStaysBeyondBoth();
    void oneMeasurementIsNotEnough();
    void missingNumbersAreNoBreakThrough();
};

namespace {

/// What a block's patches add, and its alignment where an even one is 4.
struct Measured {
    double adds, alignment;
};

/// Measured every 10 steps; those between have no attention.
std::vector<StepMetrics> run(const std::vector<std::vector<Measured>>& measurements)
{
    std::vector<StepMetrics> steps;
    for (std::int64_t step = 1; step <= static_cast<std::int64_t>(10 * measurements.size()); ++step) {
        StepMetrics m;
        m.step = step;
        if (step % 10 == 0) {
            for (const auto& [adds, alignment] : measurements[static_cast<std::size_t>(step / 10 - 1)]) {
                BlockAttention block;
                block.patchesAdd = adds;
                block.alignment = alignment;
                block.evenAlignment = 4;
                m.attention.push_back(block);
            }
        }
        steps.push_back(m);
    }
    return steps;
}

constexpr Measured low{.adds = 0.2, .alignment = 1}, far{.adds = 0.6, .alignment = 2},
    through{.adds = 0.3, .alignment = 1.9};

} // namespace

void TestBreakThrough::isTheStepFromWhichABlockStaysBeyondBoth()
{
    using Found = std::optional<BreakThrough>;
    QCOMPARE(patchBreakThrough(run({{low, low}, {low, through}, {through, through}, {through, through}})),
             (Found{{.step = 20, .block = 1}}));
    // A stretch that ended does not count.
    QCOMPARE(patchBreakThrough(run({{low, through}, {low, through}, {through, far}, {through, through}})),
             (Found{{.step = 30, .block = 0}}));
    QCOMPARE(patchBreakThrough(run({{through, through}, {through, through}, {low, far}})), Found{});
    QCOMPARE(patchBreakThrough(run({{far, low}, {far, low}, {far, low}})), Found{});
    QCOMPARE(patchBreakThrough({}), Found{});
}

void TestBreakThrough::oneMeasurementIsNotEnough()
{
    QVERIFY(!patchBreakThrough(run({{low}, {low}, {through}})));
    QVERIFY(patchBreakThrough(run({{low}, {low}, {through}, {through}})));
}

void TestBreakThrough::missingNumbersAreNoBreakThrough()
{
    auto steps = run({{through}, {through}, {through}});
    QVERIFY(patchBreakThrough(steps));
    for (auto& step : steps) {
        for (auto& block : step.attention)
            block.evenAlignment = BlockAttention::none;
    }
    QVERIFY(!patchBreakThrough(steps));
}

QTEST_APPLESS_MAIN(TestBreakThrough)
#include "tst_break_through.moc"
