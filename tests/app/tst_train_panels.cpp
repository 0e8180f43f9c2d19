#include "app/background_queue.h"
#include "app/controllers.h"
#include "app/job_runner.h"
#include "app/pages/train/jump_panel.h"
#include "app/pages/train/replay_panel.h"
#include "app/session.h"
#include "app/train_forecasts.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_history.h"
#include "tests/support/tiny_training.h"
#include "tests/support/tiny_workspace.h"
#include "widgets/theme.h"
#include "widgets/thumbnail_grid.h"

#include <QApplication>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>
#include <QTreeWidget>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <thread>

using namespace nanodit;

namespace {

constexpr int minute = 60000;

/// A run whose loss jumped at the steps 10 and 20.
void writeRun(const std::filesystem::path& run)
{
    std::filesystem::create_directories(run);
    MetricsFile file(run, 0);
    for (std::int64_t step = 1; step <= 40; ++step) {
        StepMetrics metrics;
        metrics.step = step;
        metrics.loss = step % 10 == 0 ? 9 : 1;
        file.append(metrics);
    }
    appendRunEvent(run, 10, "spike", "the loss of step 10 is 8",
                   {{"what", "the loss of step 10 is 8"}, {"samples", nlohmann::json::array({"gone"})}});
    appendRunEvent(
        run, 20, "spike", "the loss of step 20 is 9; it held the samples val0, gone, val0",
        {{"what", "the loss of step 20 is 9"}, {"samples", nlohmann::json::array({"val0", "gone", "val0"})}});
}

} // namespace

/// Panels of the Train page on a session without the window: what is said of a training before it begins, a step that
/// is run again, and the pictures of a loss that jumped.
class TestTrainPanels : public QObject {
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

    void aStepThatWasNotFiniteIsRunAgain()
    {
        const Theme theme(*qApp);
        const test::TinyWorkspace tiny(1e30F); // every loss overflows
        Session session;
        Controllers controllers(session);
        auto& training = controllers.training;
        ReplayPanel panel(training);
        auto* const replay = panel.findChild<QPushButton*>("replay");
        QVERIFY(!panel.hasSteps() && !replay->isEnabled());
        session.openWorkspace(QString::fromStdString(tiny.workspace.root.string()));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        training.start(test::tinyConfig(50), "broken", false);
        QTRY_VERIFY_WITH_TIMEOUT(!training.active(), minute);
        QCOMPARE(panel.findChild<QTreeWidget*>("replaySteps")->topLevelItemCount(), 5);
        QVERIFY(panel.hasSteps());
        QVERIFY(replay->isEnabled());
        const QSignalSpy replayed(&training, &Training::replayed);
        replay->click();
        QVERIFY(training.replaying() && !replay->isEnabled());
        QTRY_COMPARE_WITH_TIMEOUT(replayed.count(), 1, minute);
        const auto finding = panel.findChild<QLabel*>("replayFinding")->text();
        QVERIFY2(finding.startsWith("Step 5 from step-") && finding.contains("not finite"), qPrintable(finding));
        QVERIFY(panel.findChild<QTreeWidget*>("replaySamples")->topLevelItemCount() > 0);
        QTRY_VERIFY_WITH_TIMEOUT(!training.replaying() && replay->isEnabled(), minute);
        replay->click();
        session.stopAllJobs();
        QTRY_VERIFY_WITH_TIMEOUT(!training.replaying() && session.idle(), minute);
        QCOMPARE(replayed.count(), 1);
        QCOMPARE(panel.findChild<QLabel*>("replayFinding")->text(),
                 QString("Could not run the step again: it was stopped"));
        training.forgetRun();
        QVERIFY(!panel.hasSteps() && !replay->isEnabled());
    }

    void initTestCase() { QStandardPaths::setTestModeEnabled(true); } // thumbnails are kept there

    void thePicturesOfAJumpAreShownAndLeadToTheirRecords()
    {
        const Theme theme(*qApp);
        const test::TinyWorkspace tiny;
        const auto run = tiny.workspace.runsFolder() / "jumpy";
        writeRun(run);
        Session session;
        Controllers controllers(session);
        auto& training = controllers.training;
        JumpPanel panel(session, training);
        QVERIFY(!panel.hasJumps());
        session.openWorkspace(QString::fromStdString(tiny.workspace.root.string()));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        QTRY_VERIFY_WITH_TIMEOUT(session.record("val0") != nullptr, minute);
        RunInfo info;
        info.name = "jumpy";
        info.folder = run;
        training.showRun(info);
        QTRY_VERIFY_WITH_TIMEOUT(panel.hasJumps(), minute);

        auto* const list = panel.findChild<QTreeWidget*>("jumpSteps");
        auto* const text = panel.findChild<QLabel*>("jumpText");
        auto* const grid = panel.findChild<ThumbnailGrid*>("jumpPictures");
        QCOMPARE(list->topLevelItemCount(), 2);
        QCOMPARE(list->currentItem()->text(0), QString("20"));
        QVERIFY2(text->text().startsWith("The loss of step 20 is 9."), qPrintable(text->text()));
        QVERIFY2(text->text().contains("No longer in the data set: 1 record"), qPrintable(text->text()));
        QCOMPARE(grid->model()->rowCount(), 1);
        panel.resize(800, 250);
        panel.show();
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        QTRY_VERIFY_WITH_TIMEOUT(panel.settled(), minute);
        const QSignalSpy chosen(&panel, &JumpPanel::recordChosen);
        QTest::mouseClick(grid->viewport(), Qt::LeftButton, {}, grid->visualRect(grid->model()->index(0, 0)).center());
        QVERIFY(chosen.count() > 0);
        QCOMPARE(chosen[0][0].toString(), QString("val0"));

        list->setCurrentItem(list->topLevelItem(0));
        QVERIFY2(text->text().startsWith("The loss of step 10 is 8."), qPrintable(text->text()));
        QCOMPARE(grid->model()->rowCount(), 0);
        appendRunEvent(run, 30, "spike", "the loss of step 30 is 9"); // another program trains on
        training.curves().loadMore(session.readings());
        QTRY_COMPARE_WITH_TIMEOUT(list->topLevelItemCount(), 3, minute);
        QCOMPARE(list->currentItem()->text(0), QString("10")); // what is looked at stays

        const QSignalSpy changed(&panel, &JumpPanel::jumpsChanged);
        training.forgetRun();
        QVERIFY(!panel.hasJumps());
        QCOMPARE(changed.count(), 1);
        QVERIFY(text->text().isEmpty());
    }
};

QTEST_MAIN(TestTrainPanels)
#include "tst_train_panels.moc"
