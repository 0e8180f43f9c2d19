#include "app/background_queue.h"
#include "app/controllers.h"
#include "app/job_runner.h"
#include "app/pages/train/jump_panel.h"
#include "app/pages/train/preview_panel.h"
#include "app/pages/train/replay_panel.h"
#include "app/session.h"
#include "app/train_forecasts.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_history.h"
#include "tests/support/tiny_training.h"
#include "tests/support/tiny_workspace.h"
#include "widgets/preview_grid.h"
#include "widgets/theme.h"
#include "widgets/thumbnail_grid.h"

#include <QApplication>
#include <QComboBox>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QStackedWidget>
#include <QStandardPaths>
#include <QTest>
#include <QTreeWidget>

#include <array>
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

TrainPreview previewOf(qint64 step, PreviewKind kind)
{
    QImage picture(64, 64, QImage::Format_RGB888);
    picture.fill(Qt::darkGreen);
    return {.step = step,
            .record = QStringLiteral("boat"),
            .caption = QStringLiteral("a boat"),
            .picture = picture,
            .reference = picture,
            .kind = kind};
}

} // namespace

/// Panels of the Train page on a session without the window: what is said of a training before it begins, a step that
/// is run again, the pictures of a loss that jumped, and those that the training paints.
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

    void aChoiceAppearsWithThePartsOfTheConditions()
    {
        PreviewPanel panel;
        auto* const mode = panel.findChild<QComboBox*>("previewMode");
        auto* const views = panel.findChild<QStackedWidget*>();
        const std::array grids = {qobject_cast<PreviewGrid*>(views->widget(1)),
                                  qobject_cast<PreviewGrid*>(views->widget(2))};
        QVERIFY(grids[0] != nullptr && grids[1] != nullptr);
        QCOMPARE(views->currentIndex(), 0); // nothing yet
        panel.add(previewOf(100, PreviewKind::Usual));
        panel.add(previewOf(100, PreviewKind::Raw));
        QVERIFY(mode->isHidden());
        QCOMPARE(views->currentWidget(), grids[0]);
        QCOMPARE(grids[0]->columns(), 1);
        panel.add(previewOf(100, PreviewKind::TextOnly));
        panel.add(previewOf(100, PreviewKind::Shuffled));
        QVERIFY(!mode->isHidden());
        QCOMPARE(grids[1]->columns(), 3); // all conditions stand before their parts
        QCOMPARE(grids[0]->columns(), 1);
        mode->setCurrentIndex(1);
        QCOMPARE(views->currentWidget(), grids[1]);
        panel.clear();
        QVERIFY(mode->isHidden() && grids[0]->isEmpty() && grids[1]->isEmpty());
        QCOMPARE(views->currentIndex(), 0);
    }

    void aPictureOfTheStripIsAskedForByStepAndKind()
    {
        PreviewPanel panel;
        panel.add(previewOf(300, PreviewKind::Usual));
        panel.add(previewOf(300, PreviewKind::DinoOnly));
        panel.findChild<QComboBox*>("previewMode")->setCurrentIndex(1);
        panel.resize(700, 300);
        panel.show();
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        QSignalSpy chosen(&panel, &PreviewPanel::pictureChosen);
        auto* const strip = panel.findChildren<PreviewGrid*>()[1];
        for (const int x : {20, 150, 260})
            QTest::mouseDClick(strip->viewport(), Qt::LeftButton, {}, {x, 60});
        QCOMPARE(chosen.count(), 3);
        QCOMPARE(chosen[0][1].toLongLong(), -1LL);
        QCOMPARE(chosen[1][1].toLongLong(), 300LL);
        QCOMPARE(chosen[1][2].value<PreviewKind>(), PreviewKind::Usual);
        QCOMPARE(chosen[2][2].value<PreviewKind>(), PreviewKind::DinoOnly);
        panel.chooseNeighbour(-1, 0); // as the arrows do while one is enlarged
        QCOMPARE(chosen.count(), 4);
        QCOMPARE(chosen[3][2].value<PreviewKind>(), PreviewKind::Usual);
        panel.chooseNeighbour(0, 1); // there is one row
        QCOMPARE(chosen.count(), 4);
    }
};

QTEST_MAIN(TestTrainPanels)
#include "tst_train_panels.moc"
