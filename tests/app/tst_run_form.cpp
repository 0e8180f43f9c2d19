#include "app/background_queue.h"
#include "app/pages/train/run_form.h"
#include "core/front/runs.h"
#include "core/front/training.h"
#include "tests/support/active_window.h"
#include "tests/support/scripted_dialogs.h"
#include "tests/support/test_data.h"
#include "widgets/config_form.h"

#include <QComboBox>
#include <QLabel>
#include <QLineEdit>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

#include <algorithm>
#include <filesystem>
#include <memory>

using namespace nanodit;
namespace fs = std::filesystem;

/// The form of a run whose folder is not as it was left.
class TestRunForm : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        workspace_ = Workspace::create(folder_ / "workspace", {});
        for (const char* name : {"bare", "broken", "complete"})
            test::writeText(workspace_.runsFolder() / name / "metrics.jsonl", "");
        TrainConfig config;
        config.schedule.steps = 77;
        test::writeText(workspace_.runsFolder() / "complete/config.yaml", toYaml(config));
        test::writeText(workspace_.runsFolder() / "broken/config.yaml", "schedule: [");
        form_ = std::make_unique<RunForm>(session_, dialogs_);
        session_.openWorkspace(QString::fromStdString(workspace_.root.string()));
        QTRY_COMPARE_WITH_TIMEOUT(session_.runs().size(), std::size_t(3), 60000);
        QTRY_VERIFY_WITH_TIMEOUT(session_.idle(), 60000);
    }
    void cleanupTestCase() { form_.reset(); }

    void settingsThatCannotBeReadAreNotThoseOfAnotherRun()
    {
        QSignalSpy failed(form_.get(), &RunForm::failed);
        for (const char* name : {"bare", "broken"}) {
            form_->choosePastRun("complete");
            settle();
            QCOMPARE(form_->moreSteps(), 77);
            QVERIFY(!settings()->keys().empty());
            QVERIFY(!isNoted("cannot be read"));
            QCOMPARE(failed.count(), 0);
            form_->choosePastRun(name);
            QCOMPARE(form_->runName(), QString(name));
            settle();
            QVERIFY2(settings()->keys().empty(), name);
            QVERIFY(!form_->config());
            QVERIFY2(isNoted("settings of this run cannot be read"), name); // nor how far it was to go
            QCOMPARE(failed.count(), 1);
            QVERIFY2(failed[0][1].value<Notice>().text.find(name) != std::string::npos, name);
            form_->newRunLike(name, false); // there is nothing to repeat
            settle();
            QCOMPARE(form_->runName(), QString(name));
            QVERIFY2(settings()->keys().empty(), name);
            failed.clear();
        }
    }

    void whatIsReadOfARunThatIsNoLongerChosenIsDropped()
    {
        form_->chooseNewRun();
        settle();
        QVERIFY(form_->config());
        QSignalSpy failed(form_.get(), &RunForm::failed);
        form_->choosePastRun("broken");
        QVERIFY(form_->reading() && !form_->config()); // the disk is not waited for, and nothing else is started
        form_->choosePastRun("complete");
        settle();
        QCOMPARE(failed.count(), 0);
        QCOMPARE(form_->moreSteps(), 77);
        QVERIFY(form_->continuation() == Continuation::StartAgain); // it has no checkpoint
        form_->newRunLike("complete", false);
        form_->choosePastRun("bare"); // before it was read
        settle();
        QCOMPARE(failed.count(), 1);
        QCOMPARE(form_->runName(), QString("bare"));
        form_->newRunLike("complete", false);
        settle();
        QVERIFY(form_->pastRun() == nullptr);
        QVERIFY(form_->config());
        QCOMPARE(form_->config()->schedule.steps, std::int64_t(77));
    }

    void aRunThatWasBrokenOffIsOfferedUnlessSomethingElseIsChosenFirst()
    {
        const auto checkpoint = workspace_.runsFolder() / "complete/checkpoints/step-00000005";
        for (const char* file : {"state.json", "model.safetensors", "optimizer.safetensors"})
            test::writeText(checkpoint / file, "{}");
        QSignalSpy picked(form_.get(), &RunForm::pastRunChosen);
        open();
        QCOMPARE(form_->runName(), QString("complete"));
        QVERIFY(form_->continuation() == Continuation::Resume);
        QVERIFY(isNoted("Stopped at step 5 of 77"));
        QCOMPARE(picked.count(), 1);
        const auto chooses = connect(&session_, &Session::runsChanged, form_.get(),
                                     [this] { form_->choosePastRun("bare"); }); // before the disk has answered
        open();
        disconnect(chooses);
        QCOMPARE(form_->runName(), QString("bare"));
        std::filesystem::remove_all(checkpoint.parent_path());
        session_.refreshRuns();
        settle();
    }

    void whatTheWeightsDependOnIsFixedWhereARunContinues()
    {
        const auto editor = [this](const char* key) { return settings()->findChild<QWidget*>(QLatin1String(key)); };
        form_->choosePastRun("complete");
        settle();
        QVERIFY(editor("model.hidden_size") != nullptr && editor("optimiser.lr") != nullptr);
        QVERIFY(!editor("model.hidden_size")->isEnabled());
        QVERIFY2(editor("model.hidden_size")->toolTip().contains("start a new run"),
                 qPrintable(editor("model.hidden_size")->toolTip()));
        QVERIFY(editor("optimiser.lr")->isEnabled());
        form_->newRunLike("complete", false);
        settle();
        QVERIFY(editor("model.hidden_size")->isEnabled());
        QVERIFY(!editor("model.hidden_size")->toolTip().contains("start a new run"));
    }

    void aRunThatIsGoneMakesRoomForANewOne()
    {
        const auto folder = workspace_.runsFolder() / "short-lived";
        test::writeText(folder / "metrics.jsonl", "");
        test::writeText(folder / "config.yaml", toYaml(TrainConfig()));
        session_.refreshRuns();
        QTRY_COMPARE_WITH_TIMEOUT(session_.runs().size(), std::size_t(4), 60000);
        form_->choosePastRun("short-lived");
        settle();
        QCOMPARE(form_->runName(), QString("short-lived"));
        const QSignalSpy chosen(form_.get(), &RunForm::newRunChosen);
        fs::remove_all(folder);
        session_.refreshRuns();
        QTRY_COMPARE_WITH_TIMEOUT(session_.runs().size(), std::size_t(3), 60000);
        settle();
        QCOMPARE(chosen.count(), 1); // whoever shows its curves takes them away
        QVERIFY(form_->pastRun() == nullptr);
        QVERIFY(form_->config());
    }

    void aFileThatIsNotChosenLeavesTheConfiguration()
    {
        form_->chooseNewRun();
        auto* const list = form_->findChild<QComboBox*>("configurations");
        const int last = list->count() - 1;
        QVERIFY(last > 0);
        const int before = list->currentIndex();
        QVERIFY(before != last);
        dialogs_.nextPath.clear(); // cancelled
        list->setCurrentIndex(last);
        Q_EMIT list->activated(last);
        QCOMPARE(list->currentIndex(), before);
        dialogs_.nextPath = QString::fromStdString((workspace_.runsFolder() / "complete/config.yaml").string());
        list->setCurrentIndex(last);
        Q_EMIT list->activated(last);
        QCOMPARE(list->currentText(), QString("config.yaml"));
        settle();
        QVERIFY(form_->config());
        QCOMPARE(form_->config()->schedule.steps, std::int64_t(77));
    }

    void aNameThatIsBeingTypedStaysThoughItBeginsAsAnothers()
    {
        form_->chooseNewRun();
        form_->resize(400, 700);
        form_->show();
        QVERIFY(test::activate(*form_));
        auto* const name = form_->findChild<QLineEdit*>("runName");
        name->setFocus();
        QTRY_VERIFY_WITH_TIMEOUT(name->hasFocus(), 60000);
        name->selectAll();
        QTest::keyClicks(name, "bare");
        session_.refreshRuns(); // as whenever a training has saved a checkpoint
        QTRY_VERIFY_WITH_TIMEOUT(session_.idle(), 60000);
        QCOMPARE(name->text(), QString("bare"));
        QTest::keyClicks(name, "-2");
        QCOMPARE(form_->runName(), QString("bare-2"));
        form_->findChild<QComboBox*>("runs")->setFocus();
        name->setText("bare"); // left so, it gives way to a free one
        session_.refreshRuns();
        QTRY_VERIFY_WITH_TIMEOUT(session_.idle(), 60000);
        QVERIFY(name->text() != QString("bare"));
        form_->hide();
    }

private:
    void settle() { QTRY_VERIFY_WITH_TIMEOUT(session_.idle() && !form_->reading(), 60000); }
    void open()
    {
        QSignalSpy opened(&session_, &Session::workspaceChanged);
        session_.openWorkspace(QString::fromStdString(workspace_.root.string()));
        QTRY_COMPARE_WITH_TIMEOUT(opened.count(), 1, 60000);
        settle();
    }
    ConfigForm* settings() const { return form_->findChild<ConfigForm*>(); }
    bool isNoted(const QString& words) const
    {
        const auto labels = form_->findChildren<QLabel*>();
        return std::ranges::any_of(labels, [&words](const QLabel* label) { return label->text().contains(words); });
    }

    test::TemporaryFolder folder_;
    Workspace workspace_;
    test::ScriptedDialogs dialogs_;
    Session session_;
    std::unique_ptr<RunForm> form_;
};

QTEST_MAIN(TestRunForm)
#include "tst_run_form.moc"
