#include "app/background_queue.h"
#include "app/pages/runs/checkpoint_list.h"
#include "app/pages/runs/run_actions.h"
#include "app/pages/runs/runs_page.h"
#include "app/plots/run_curves_cache.h"
#include "app/preferences.h"
#include "app/training.h"
#include "core/front/runs.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"
#include "tests/support/active_window.h"
#include "tests/support/another_process.h"
#include "tests/support/scripted_dialogs.h"
#include "tests/support/test_data.h"
#include "widgets/banner.h"

#include <QAction>
#include <QApplication>
#include <QClipboard>
#include <QHeaderView>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPointer>
#include <QPushButton>
#include <QScopeGuard>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTableView>
#include <QTest>
#include <QTreeWidget>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <memory>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

using namespace nanodit;
namespace fs = std::filesystem;

/// The Runs page on folders that look as if they had been trained.
class TestRunsPage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        QStandardPaths::setTestModeEnabled(true);
        folder_ = std::make_unique<test::TemporaryFolder>();
        workspace_ = Workspace::create(*folder_ / "work space", {});
        for (const char* name : {"first", "second", "third"})
            makeRun(name);
        preferences_ = std::make_unique<Preferences>(QString::fromStdString((*folder_ / "preferences.ini").string()));
        session_ = std::make_unique<Session>();
        training_ = std::make_unique<Training>(*session_);
        page_ = std::make_unique<RunsPage>(*session_, *training_, *preferences_, dialogs_);
        page_->resize(1200, 700);
        page_->show();
        QVERIFY(QTest::qWaitForWindowExposed(page_.get()));
        session_->openWorkspace(QString::fromStdString(workspace_.root.string()));
        QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), 3, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
    }
    void cleanup()
    {
        page_.reset();
        training_.reset();
        session_.reset();
    }

    void twoRunsAreTickedAtFirstAndNoneAgainWhenNoneIs()
    {
        auto* const model = page_->findChild<RunModel*>();
        QCOMPARE(model->checked(), (QStringList{"first", "second"}));
        page_->check({});
        session_->refreshRuns();
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(model->checked().isEmpty());
    }

    void aFewRunsLeaveTheRoomToTheirCurves()
    {
        QTRY_VERIFY2_WITH_TIMEOUT(table()->height() < page_->height() / 4,
                                  qPrintable(QString::number(table()->height())), minute);
    }

    void theTableFitsAndItsLastColumnTakesWhatIsLeft()
    {
        const auto* const header = table()->horizontalHeader();
        for (const int width : {1208, 1500, 1208}) { // the first is what a window of 1280 leaves the page
            page_->resize(width, 700);
            QTRY_COMPARE_WITH_TIMEOUT(header->length(), table()->viewport()->width(), minute);
            QVERIFY(header->sectionSize(RunModel::Measured) > header->minimumSectionSize());
        }
        // Where there is little, the columns before it stand closer together.
        const auto before = [header] { return header->length() - header->sectionSize(RunModel::Measured); };
        page_->resize(1600, 700);
        QTRY_COMPARE_WITH_TIMEOUT(header->length(), table()->viewport()->width(), minute);
        const int apart = before();
        page_->resize(1000, 700);
        QTRY_VERIFY_WITH_TIMEOUT(before() < apart, minute);
        // So it is where the table is read before it has ever been laid out.
        RunsPage other(*session_, *training_, *preferences_, dialogs_);
        other.resize(1208, 700);
        other.show();
        QVERIFY(QTest::qWaitForWindowExposed(&other));
        auto* const table = other.findChild<QTableView*>("runsTable");
        QTRY_COMPARE_WITH_TIMEOUT(table->model()->rowCount(), 3, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QTRY_COMPARE_WITH_TIMEOUT(table->horizontalHeader()->length(), table->viewport()->width(), minute);
    }

    void aSearchKeepsTheRunsThatHoldItsWords()
    {
        auto* const search = page_->findChild<QLineEdit*>("runSearch");
        search->setText("thi");
        QCOMPARE(table()->model()->rowCount(), 1);
        search->setText("nothing like it");
        QCOMPARE(table()->model()->rowCount(), 0);
        QVERIFY(table()->isVisible()); // so that the search can be changed
        const auto shown = table()->viewport()->grab().toImage();
        bool blank = true;
        for (int y = 0; y < shown.height(); ++y) {
            for (int x = 0; x < shown.width(); ++x)
                blank = blank && shown.pixel(x, y) == shown.pixel(0, 0);
        }
        QVERIFY(!blank); // it says that there is none
        search->clear();
        QCOMPARE(table()->model()->rowCount(), 3);
    }

    void aNoteIsWrittenAndSurvivesReading()
    {
        QVERIFY(table()->model()->setData(table()->model()->index(1, RunModel::Note), "with patches"));
        QTRY_COMPARE_WITH_TIMEOUT(cell(1, RunModel::Note), QString("with patches"), minute);
        QCOMPARE(readRunNotes(workspace_.runsFolder() / "second").value.note, std::string("with patches"));
    }

    void aNoteThatIsBeingWrittenIsOfItsOwnWorkspace()
    {
        const auto other = Workspace::create(*folder_ / "other", {});
        const auto index = table()->model()->index(1, RunModel::Note);
        table()->setFocus();
        table()->setCurrentIndex(index);
        table()->edit(index);
        auto* const editor = table()->viewport()->findChild<QLineEdit*>();
        QVERIFY(editor != nullptr);
        QTRY_VERIFY_WITH_TIMEOUT(editor->hasFocus(), minute);
        QTest::keyClicks(editor, "not ended");
        session_->openWorkspace(QString::fromStdString(other.root.string()));
        QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), 0, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(readRunNotes(workspace_.runsFolder() / "second").value.note, std::string("not ended"));
    }

    void aNoteThatIsBeingWrittenStaysWhileRunsAreRead()
    {
        const auto index = table()->model()->index(1, RunModel::Note);
        table()->setFocus();
        table()->setCurrentIndex(index);
        table()->edit(index);
        auto* const editor = table()->viewport()->findChild<QLineEdit*>();
        QVERIFY(editor != nullptr);
        QTRY_VERIFY_WITH_TIMEOUT(editor->hasFocus(), minute);
        QTest::keyClicks(editor, "half a");
        session_->refreshRuns(); // as whenever a training has saved a checkpoint
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(editor->text(), QString("half a"));
        QTest::keyClicks(editor, " thought");
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(cell(1, RunModel::Note), QString("half a thought"), minute);
    }

    void aNoteThatIsBeingWrittenStaysWhenARunIsAdded()
    {
        const auto index = table()->model()->index(1, RunModel::Note);
        table()->setFocus();
        table()->setCurrentIndex(index);
        table()->edit(index);
        const QPointer<QLineEdit> editor = table()->viewport()->findChild<QLineEdit*>();
        QVERIFY(editor != nullptr);
        QTRY_VERIFY_WITH_TIMEOUT(editor->hasFocus(), minute);
        QTest::keyClicks(editor, "half a");
        makeRun("fourth"); // as when an experiment goes on to its next model
        session_->refreshRuns();
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(session_->runs().size(), std::size_t(4));
        QVERIFY(editor && editor->isVisible() && editor->hasFocus());
        QTest::keyClicks(editor, " thought");
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), 4, minute);
        QTRY_COMPARE_WITH_TIMEOUT(readRunNotes(workspace_.runsFolder() / "second").value.note,
                                  std::string("half a thought"), minute);
    }

    void theButtonOfAPageWithoutRunsKeepsTheKeys()
    {
        const auto empty = Workspace::create(*folder_ / "empty", {});
        session_->openWorkspace(QString::fromStdString(empty.root.string()));
        QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), 0, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        const auto buttons = page_->findChildren<QPushButton*>();
        const auto found = std::ranges::find(buttons, QString("Go to training"), &QPushButton::text);
        QVERIFY(found != buttons.end());
        const QPointer<QPushButton> button = *found;
        QVERIFY(test::activate(*page_));
        button->setFocus();
        QTRY_VERIFY_WITH_TIMEOUT(button->hasFocus(), minute);
        session_->refreshRuns();
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(button && button->hasFocus());
    }

    void damagedNotesAreMovedAsideAndTold()
    {
        const auto run = workspace_.runsFolder() / "second";
        test::writeText(run / "about.json", "{\"note\"");
        session_->refreshRuns();
        auto* const banner = page_->findChild<Banner*>();
        const auto isTold = [banner] {
            return std::ranges::any_of(banner->findChildren<QLabel*>(), [](const QLabel* label) {
                return label->text().contains("Could not read the notes on a run");
            });
        };
        QTRY_VERIFY_WITH_TIMEOUT(banner->isVisible() && isTold(), minute);
        QCOMPARE(readTextFile(run / "about.json.damaged"), std::string("{\"note\""));
        QCOMPARE(table()->model()->rowCount(), 3); // the run is listed, without a note
    }

    void runsThatCannotBeReadAtFirstAreReadAgainByAButton()
    {
        const auto notes = workspace_.runsFolder() / "third/about.json";
        fs::create_directory(notes); // which cannot be read as a file
        RunsPage other(*session_, *training_, *preferences_, dialogs_);
        other.resize(1200, 700);
        other.show();
        const auto again = [&other] { return other.findChild<QPushButton*>("readRunsAgain"); };
        QTRY_VERIFY_WITH_TIMEOUT(again() != nullptr && again()->isVisible(), minute);
        const auto saysWhy = [&other](const QString& why) {
            return std::ranges::any_of(other.findChildren<QLabel*>(), [&why](const QLabel* label) {
                return label->isVisible() && label->text().contains(why);
            });
        };
        QVERIFY(saysWhy("about.json"));
        QVERIFY(!other.findChild<Banner*>()->isVisible());                     // it would say the same
        Q_EMIT session_->runsUnreadable({.text = "the disk does not answer"}); // nor can the session list them
        QVERIFY(saysWhy("the disk does not answer"));
        fs::remove(notes);
        again()->click();
        const auto* const listed = other.findChild<QTableView*>("runsTable");
        QTRY_COMPARE_WITH_TIMEOUT(listed->model()->rowCount(), 3, minute);
        QVERIFY(listed->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
    }

    void aRenamedRunStaysSelectedAndTicked()
    {
        page_->select("second");
        QVERIFY(table()->model()->setData(table()->model()->index(1, RunModel::Name), "another"));
        QTRY_COMPARE_WITH_TIMEOUT(cell(0, RunModel::Name), QString("another"), minute); // sorted by name
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(fs::exists(workspace_.runsFolder() / "another/config.yaml"));
        QCOMPARE(table()->currentIndex().row(), 0);
        QVERIFY(page_->findChild<RunModel*>()->checked().contains("another"));
        QSignalSpy failed(page_->findChild<RunActions*>(), &RunActions::failed);
        QVERIFY(table()->model()->setData(table()->model()->index(0, RunModel::Name), "third")); // is taken
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        QVERIFY(fs::exists(workspace_.runsFolder() / "another"));
    }

    /// On a slow disk the runs may be read while one of them gets its new name.
    void theCurvesOfOtherRunsStayWhenOneIsRenamed()
    {
        auto* const cache = page_->findChild<RunCurvesCache*>();
        const auto curves = [&](const char* name) {
            return QPointer<RunCurves>(cache->of(session_->runs(), QLatin1String(name)));
        };
        const auto first = curves("first"), third = curves("third");
        QVERIFY(first && third);
        QVERIFY(table()->model()->setData(table()->model()->index(2, RunModel::Name), "another"));
        QTRY_COMPARE_WITH_TIMEOUT(cell(0, RunModel::Name), QString("another"), minute);
        QVERIFY(first);  // it is drawn
        QVERIFY(!third); // it was read from the old folder
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(curves("another"));
    }

    void whatWasReadBeforeARunWasRenamedIsDropped()
    {
        const auto notes = workspace_.runsFolder() / "third/about.json";
        QCOMPARE(mkfifo(notes.c_str(), 0600), 0); // reading stays here, with the earlier names at hand
        const int slow = open(notes.c_str(), O_RDWR | O_CLOEXEC);
        QVERIFY(slow >= 0);
        bool answered = false;
        {
            const auto answer = qScopeGuard([&] {
                answered = fs::remove(notes) && write(slow, "{}", 2) == 2;
                close(slow);
            });
            page_->select("second");
            Q_EMIT session_->runsChanged(); // the page reads
            QVERIFY(table()->model()->setData(table()->model()->index(1, RunModel::Name), "another"));
            QTRY_COMPARE_WITH_TIMEOUT(cell(0, RunModel::Name), QString("another"), minute);
            QVERIFY(session_->pending() > 0);
        }
        QVERIFY(answered);
        const QSignalSpy ticks(page_->findChild<RunModel*>(), &RunModel::checkedChanged);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(ticks.count(), 0); // none came or went
        QCOMPARE(cell(0, RunModel::Name), QString("another"));
        QCOMPARE(table()->currentIndex().row(), 0);
        QVERIFY(page_->findChild<RunModel*>()->checked().contains("another"));
    }

    void whatIsWrittenOfARunWhileItIsRenamedIsWrittenInItsNewFolder()
    {
        QSignalSpy failed(page_->findChild<RunActions*>(), &RunActions::failed);
        QVERIFY(table()->model()->setData(table()->model()->index(1, RunModel::Name), "another"));
        const auto index = table()->model()->index(1, RunModel::Tags);
        table()->setFocus();
        table()->setCurrentIndex(index);
        table()->edit(index); // before the folder has its new name
        const QPointer<QLineEdit> editor = table()->viewport()->findChild<QLineEdit*>();
        QVERIFY(editor != nullptr);
        QTRY_VERIFY_WITH_TIMEOUT(editor->hasFocus(), minute);
        QTRY_VERIFY_WITH_TIMEOUT(fs::exists(workspace_.runsFolder() / "another") && session_->idle(), minute);
        QVERIFY(editor);
        QTest::keyClicks(editor, "small");
        QTest::keyClick(editor, Qt::Key_Return);
        QTRY_COMPARE_WITH_TIMEOUT(readRunNotes(workspace_.runsFolder() / "another").value.tags,
                                  std::vector<std::string>{"small"}, minute);
        QVERIFY(!fs::exists(workspace_.runsFolder() / "second"));
        QCOMPARE(failed.count(), 0);
    }

    void aRunGoesToTheTrashOnlyAfterAYes()
    {
        page_->select("third");
        dialogs_.nextAnswer = false;
        trigger("runRemove");
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(fs::exists(workspace_.runsFolder() / "third"));
        QVERIFY2(dialogs_.consequence.contains("checkpoint") && !dialogs_.consequence.contains("(s)"),
                 qPrintable(dialogs_.consequence));
        dialogs_.nextAnswer = true;
        trigger("runRemove");
        QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), 2, minute);
        QVERIFY(!fs::exists(workspace_.runsFolder() / "third"));
    }

    void theRunThatWasAskedAboutGoesThoughAnotherIsSelectedMeanwhile()
    {
        page_->select("third");
        dialogs_.whileAsked = [this] { page_->select("first"); };
        trigger("runRemove");
        QTRY_COMPARE_WITH_TIMEOUT(table()->model()->rowCount(), 2, minute);
        QVERIFY(!fs::exists(workspace_.runsFolder() / "third"));
        QVERIFY(fs::exists(workspace_.runsFolder() / "first"));
    }

    void theMenuActsOnTheRunThatWasSelectedWhenItOpened()
    {
        QSignalSpy wanted(page_.get(), &RunsPage::duplicateWanted);
        auto* const menu = page_->findChild<QMenu*>("runMenu");
        const auto choose = [this, menu](const char* action) {
            page_->select("second");
            Q_EMIT table()->customContextMenuRequested(table()->visualRect(table()->currentIndex()).center());
            QTRY_VERIFY_WITH_TIMEOUT(menu->isVisible(), minute);
            page_->select("third"); // as where the runs are read again and the selected one has gone
            menu->setActiveAction(page_->findChild<QAction*>(QLatin1String(action)));
            QTest::keyClick(menu, Qt::Key_Return);
            QVERIFY(!menu->isVisible());
        };
        choose("runDuplicate");
        QCOMPARE(wanted.count(), 1);
        QCOMPARE(wanted[0], (QVariantList{"second", false}));
        QCoreApplication::processEvents();
        trigger("runDuplicate"); // by no menu: of what is selected
        QCOMPARE(wanted.count(), 2);
        QCOMPARE(wanted[1], (QVariantList{"third", false}));

        choose("runNote");
        QCOMPARE(table()->currentIndex().row(), 1);
        QCOMPARE(table()->currentIndex().column(), int(RunModel::Note));
        auto* const editor = table()->viewport()->findChild<QLineEdit*>();
        QVERIFY(editor != nullptr);
        QTest::keyClick(editor, Qt::Key_Escape);
    }

    void itsCommandLineIsCopied()
    {
        page_->select("first");
        QVERIFY(!page_->findChild<Banner*>()->isVisible());
        trigger("runCopyCommand");
        QVERIFY(page_->findChild<Banner*>()->isVisible());                  // nothing else shows that it was done
        const auto root = QString::fromStdString(workspace_.root.string()); // has a blank
        QCOMPARE(QApplication::clipboard()->text(), QStringLiteral("nanodit --workspace '%1' train --config "
                                                                   "'%1/runs/first/config.yaml' --run first-2")
                                                        .arg(root));
        trigger("runCopyPath");
        QCOMPARE(QApplication::clipboard()->text(),
                 QString::fromStdString((workspace_.runsFolder() / "first").string()));
    }

    void checkpointsAreListedNewestFirst()
    {
        page_->select("first");
        auto* const checkpoints = page_->findChild<CheckpointList*>()->table();
        QTRY_COMPARE_WITH_TIMEOUT(checkpoints->topLevelItemCount(), 2, minute);
        QCOMPARE(checkpoints->topLevelItem(0)->text(0), QString("20"));
        QCOMPARE(checkpoints->topLevelItem(1)->text(0), QString("10"));
        checkpoints->setCurrentItem(checkpoints->topLevelItem(1));
        page_->findChild<QPushButton*>("checkpointStar")->click();
        const auto starred = workspace_.runsFolder() / "first/checkpoints" / checkpointName(10);
        QTRY_VERIFY_WITH_TIMEOUT(isStarred(starred), minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle() && checkpoints->topLevelItemCount() == 2, minute);
        QVERIFY(checkpoints->topLevelItem(1)->text(3).contains("star"));
    }

    void aCheckpointGoesToTheTrashOnlyAfterAYes()
    {
        page_->select("first");
        auto* const checkpoints = page_->findChild<CheckpointList*>()->table();
        QTRY_COMPARE_WITH_TIMEOUT(checkpoints->topLevelItemCount(), 2, minute);
        checkpoints->setCurrentItem(checkpoints->topLevelItem(1));
        const auto folder = workspace_.runsFolder() / "first/checkpoints";
        auto* const remove = page_->findChild<QPushButton*>("checkpointRemove");
        dialogs_.nextAnswer = false;
        remove->click();
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(fs::exists(folder / checkpointName(10)));
        QVERIFY2(dialogs_.consequence.contains("other checkpoints"), qPrintable(dialogs_.consequence));
        dialogs_.nextAnswer = true;
        remove->click();
        QTRY_COMPARE_WITH_TIMEOUT(checkpoints->topLevelItemCount(), 1, minute);
        QVERIFY(!fs::exists(folder / checkpointName(10)));
        QCOMPARE(checkpoints->topLevelItem(0)->text(0), QString("20"));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        dialogs_.nextAnswer = false;
        remove->click(); // the last one costs more
        QVERIFY2(dialogs_.consequence.contains("only one"), qPrintable(dialogs_.consequence));
        dialogs_.nextAnswer = true;
        QVERIFY(fs::exists(folder / checkpointName(20)));
    }

    void theNewestCheckpointOfARunThatAnotherProgramTrainsStays()
    {
        const auto folder = workspace_.runsFolder() / "first";
        const auto other = test::startProcess([&folder] {
            const RunLock lock(folder, "first");
            std::this_thread::sleep_for(std::chrono::minutes(10));
        });
        const auto end = qScopeGuard([other] {
            ::kill(other, SIGKILL);
            test::endOf(other);
        });
        QTRY_VERIFY_WITH_TIMEOUT(runHolder(folder).has_value(), minute);
        page_->select("first");
        session_->refreshRuns();
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        auto* const checkpoints = page_->findChild<CheckpointList*>()->table();
        QTRY_COMPARE_WITH_TIMEOUT(checkpoints->topLevelItemCount(), 2, minute);
        const auto* const remove = page_->findChild<QPushButton*>("checkpointRemove");
        checkpoints->setCurrentItem(checkpoints->topLevelItem(0)); // which that program continues from if it ends
        QVERIFY(!remove->isEnabled());
        checkpoints->setCurrentItem(checkpoints->topLevelItem(1));
        QVERIFY(remove->isEnabled());
    }

    void anExportThatFailsSaysWhy()
    {
        QSignalSpy failed(page_->findChild<RunActions*>(), &RunActions::failed);
        page_->select("first");
        dialogs_.nextPath.clear(); // cancelled
        trigger("runExport");
        QVERIFY(session_->jobs().empty());
        const auto folder = *folder_ / "exported";
        dialogs_.nextPath = QString::fromStdString(folder.string());
        trigger("runExport"); // of a checkpoint without weights
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        QVERIFY(failed[0][0].toString().contains("export"));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(page_->findChild<Banner*>()->isVisible());
        QVERIFY(!fs::exists(folder));
    }

    void nothingCanBeDoneWithTheCheckpointsOfTheRunBefore()
    {
        page_->select("first");
        const auto* const checkpoints = page_->findChild<CheckpointList*>()->table();
        QTRY_COMPARE_WITH_TIMEOUT(checkpoints->topLevelItemCount(), 2, minute);
        page_->select("second"); // whose checkpoints are read in the background
        QCOMPARE(checkpoints->topLevelItemCount(), 0);
        QVERIFY(!page_->findChild<QPushButton*>("checkpointRemove")->isEnabled());
        QTRY_COMPARE_WITH_TIMEOUT(checkpoints->topLevelItemCount(), 2, minute);
        QVERIFY(checkpoints->topLevelItem(0)->data(0, Qt::UserRole).toString().contains("second"));
    }

    void newRunsAreAskedFor()
    {
        QSignalSpy wanted(page_.get(), &RunsPage::duplicateWanted);
        page_->select("second");
        trigger("runDuplicate");
        trigger("runStartFrom");
        QCOMPARE(wanted.count(), 2);
        QCOMPARE(wanted[0], (QVariantList{"second", false}));
        QCOMPARE(wanted[1], (QVariantList{"second", true}));
    }

private:
    static constexpr int minute = 60000;

    void makeRun(const char* name)
    {
        const auto run = workspace_.runsFolder() / name;
        TrainConfig config;
        config.schedule.steps = 20;
        test::writeText(run / "config.yaml", toYaml(config));
        MetricsFile metrics(run, 0);
        StepMetrics step;
        for (step.step = 1; step.step <= 20; ++step.step)
            metrics.append(step);
        for (const std::int64_t at : {10, 20})
            test::writeText(run / "checkpoints" / checkpointName(at) / "state.json", "{}");
    }
    QTableView* table() const { return page_->findChild<QTableView*>("runsTable"); }
    QString cell(int row, int column) const { return table()->model()->index(row, column).data().toString(); }
    void trigger(const char* action) const
    {
        auto* const found = page_->findChild<QAction*>(QLatin1String(action));
        QVERIFY2(found != nullptr && found->isEnabled(), action);
        found->trigger();
    }

    std::unique_ptr<test::TemporaryFolder> folder_;
    Workspace workspace_;
    test::ScriptedDialogs dialogs_;
    std::unique_ptr<Preferences> preferences_;
    std::unique_ptr<Session> session_;
    std::unique_ptr<Training> training_;
    std::unique_ptr<RunsPage> page_;
};

QTEST_MAIN(TestRunsPage)
#include "tst_runs_page.moc"
