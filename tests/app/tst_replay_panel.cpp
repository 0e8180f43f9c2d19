#include "app/controllers.h"
#include "app/pages/train/replay_panel.h"
#include "app/session.h"
#include "tests/support/tiny_training.h"
#include "tests/support/tiny_workspace.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QLabel>
#include <QPushButton>
#include <QSignalSpy>
#include <QTest>
#include <QTreeWidget>

using namespace nanodit;

namespace {
constexpr int minute = 60000;
}

/// A training whose steps are not finite, and one of them run again.
class TestReplayPanel : public QObject {
    Q_OBJECT

private Q_SLOTS:
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
};

QTEST_MAIN(TestReplayPanel)
#include "tst_replay_panel.moc"
