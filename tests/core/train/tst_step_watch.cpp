#include "core/train/step_watch.h"

#include <QtTest/QTest>

#include <cmath>
#include <limits>

using namespace nanodit;

namespace {

/// Losses that vary as those of a training do.
StepMetrics stepOf(std::int64_t step, double loss, double waited = 0)
{
    StepMetrics metrics;
    metrics.step = step;
    metrics.loss = loss;
    metrics.dataWaitSeconds = waited;
    return metrics;
}

double usualLoss(std::int64_t step)
{
    return 1 + 0.1 * std::sin(static_cast<double>(step) * 1.7);
}

} // namespace

class TestStepWatch : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void tellsALossThatJumps()
    {
        StepWatch watch;
        for (std::int64_t step = 1; step <= 100; ++step)
            QVERIFY(!watch.look(stepOf(step, usualLoss(step)), 1));
        const auto found = watch.look(stepOf(101, 3.5), 1);
        QVERIFY(found && found->kind == "spike");
        QVERIFY2(found->text.find("step 101 is 3.5") != std::string::npos, found->text.c_str());
        QVERIFY(!watch.look(stepOf(102, usualLoss(102)), 1));
    }

    void losesNoWordAboutWhatIsUsual()
    {
        StepWatch watch;
        QVERIFY(!watch.look(stepOf(1, 1), 1));
        QVERIFY(!watch.look(stepOf(2, 90), 1)); // nothing is known yet
        for (std::int64_t step = 3; step <= 100; ++step)
            QVERIFY(!watch.look(stepOf(step, 1), 1));
        QVERIFY(!watch.look(stepOf(101, 1.2), 1)); // nothing varied, and this is no jump
        auto skipped = stepOf(102, std::numeric_limits<double>::quiet_NaN());
        skipped.skipped = true;
        QVERIFY(!watch.look(skipped, 1));
    }

    void tellsOnceThatDataAreWaitedFor()
    {
        StepWatch watch;
        int told = 0;
        for (std::int64_t step = 1; step <= 400; ++step) {
            const auto found = watch.look(stepOf(step, usualLoss(step), 0.7), 1);
            told += found && found->kind == "stall";
            if (found)
                QVERIFY2(found->text.find("70 %") != std::string::npos, found->text.c_str());
        }
        QCOMPARE(told, 1);
    }
};

QTEST_APPLESS_MAIN(TestStepWatch)
#include "tst_step_watch.moc"
