#include "app/background_queue.h"
#include "app/job_runner.h"
#include "app/session.h"
#include "app/train_forecasts.h"
#include "tests/support/tiny_training.h"
#include "tests/support/tiny_workspace.h"

#include <QTest>

#include <atomic>
#include <chrono>
#include <thread>

using namespace nanodit;

namespace {
constexpr int minute = 60000;
}

/// What the Train page says of a training before it begins.
class TestTrainForecasts : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aStepIsTimedOnceTheJobsHaveEnded()
    {
        const test::TinyWorkspace tiny;
        std::atomic<bool> end = false;
        Session session;
        session.openWorkspace(QString::fromStdString(tiny.workspace.root.string()));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        session.startJob(session.newJob("other work", Page::Dataset), makeJob([&end](const JobContext& context) {
                             while (!end && !context.shouldStop())
                                 std::this_thread::sleep_for(std::chrono::milliseconds(1));
                             return JobEnd::Finished;
                         }));
        TrainForecasts forecasts(session);
        int timings = 0;
        connect(&forecasts, &TrainForecasts::changed, this, [&] {
            if (forecasts.shown() && forecasts.shown()->measuring) {
                QVERIFY(session.jobs().empty()); // they would be timed, too
                ++timings;
            }
        });
        forecasts.ask(test::tinyConfig(50));
        QTRY_VERIFY_WITH_TIMEOUT(forecasts.shown().has_value(), minute);
        QVERIFY(forecasts.shown()->fits());
        QTest::qWait(1200); // past the time after which a step would be timed
        QCOMPARE(timings, 0);
        end = true;
        QTRY_VERIFY_WITH_TIMEOUT(timings > 0, minute);
        forecasts.stop();
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
    }
};

QTEST_MAIN(TestTrainForecasts)
#include "tst_train_forecasts.moc"
