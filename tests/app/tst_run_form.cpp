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
            QCOMPARE(form_->moreSteps(), 77);
            QVERIFY(!settings()->keys().empty());
            QVERIFY(!isNoted("cannot be read"));
            QCOMPARE(failed.count(), 0);
            form_->choosePastRun(name);
            QCOMPARE(form_->runName(), QString(name));
            QVERIFY2(settings()->keys().empty(), name);
            QVERIFY(!form_->config());
            QVERIFY2(isNoted("settings of this run cannot be read"), name); // nor how far it was to go
            QCOMPARE(failed.count(), 1);
            QVERIFY2(failed[0][1].value<Notice>().text.find(name) != std::string::npos, name);
            form_->newRunLike(name, false); // there is nothing to repeat
            QVERIFY2(settings()->keys().empty(), name);
            failed.clear();
        }
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
        QTRY_VERIFY(name->hasFocus());
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
