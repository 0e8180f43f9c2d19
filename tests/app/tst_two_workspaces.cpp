#include "app/pages/sample/prompt_bar.h"
#include "app/settings/settings_dialog.h"
#include "core/front/data.h"
#include "core/front/sampling.h"
#include "tests/app/dataset_test.h"

#include <QAbstractItemView>
#include <QAction>
#include <QApplication>
#include <QComboBox>
#include <QLineEdit>
#include <QPlainTextEdit>
#include <QPointer>
#include <QTest>

#include <algorithm>
#include <filesystem>

using namespace nanodit;
namespace fs = std::filesystem;

namespace {

constexpr int scenes = 20; ///< As many as are changed only after a question.

std::string captionIn(const fs::path& workspace, const std::string& id)
{
    const auto records = listRecords(Workspace::open(workspace));
    const auto found = std::ranges::find(records, id, &RecordInfo::id);
    return found == records.end() ? std::string() : found->caption;
}

} // namespace

/// What belongs to one workspace, in the window, when another one with records of the same names takes its place.
class TestTwoWorkspaces : public test::DatasetTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        openDemo(scenes);
        fs::copy(folder_ / "demo", folder_ / "other", fs::copy_options::recursive);
    }

    void cleanupTestCase() { closeWindow(); }

    void init()
    {
        window_->openWorkspace(path("demo"));
        waitFor("demo");
        window_->showPage(Page::Dataset);
    }

    void aCaptionThatIsBeingWrittenIsOfItsOwnWorkspace()
    {
        const auto id = idOf(2);
        const auto before = captionIn(folder_ / "other", id.toStdString());
        auto* const field = window_->findChild<QPlainTextEdit*>("captionField");
        write(field, id, "written in the demo");
        window_->openWorkspace(path("other")); // and nothing ended the editing
        waitFor("other");
        QVERIFY(!field->isVisible());
        QCOMPARE(captionIn(folder_ / "demo", id.toStdString()), std::string("written in the demo"));
        QCOMPARE(captionIn(folder_ / "other", id.toStdString()), before);
    }

    void aCellThatIsBeingWrittenIsOfItsOwnWorkspace()
    {
        const auto id = idOf(3);
        const auto before = captionIn(folder_ / "other", id.toStdString());
        browser()->setView(RecordBrowser::View::Table);
        browser()->choose(id);
        settle();
        QVERIFY(browser()->editCaptionCell());
        auto* const line = qobject_cast<QLineEdit*>(QApplication::focusWidget());
        QVERIFY(line != nullptr && table()->isAncestorOf(line));
        line->selectAll();
        QTest::keyClicks(line, "written in a cell");
        window_->openWorkspace(path("other")); // and nothing ended the editing
        waitFor("other");
        browser()->setView(RecordBrowser::View::Grid);
        QCOMPARE(captionIn(folder_ / "demo", id.toStdString()), std::string("written in a cell"));
        QCOMPARE(captionIn(folder_ / "other", id.toStdString()), before);
    }

    void aCellWhoseListIsOpenIsSavedWithItsOwnWorkspace()
    {
        const auto id = idOf(6);
        browser()->setView(RecordBrowser::View::Table);
        browser()->choose(id);
        settle();
        table()->setFocus();
        table()->setCurrentIndex(table()->currentIndex().siblingAtColumn(RecordModel::SplitColumn));
        table()->edit(table()->currentIndex());
        auto* const choice = table()->findChild<QComboBox*>();
        QVERIFY(choice != nullptr);
        choice->lineEdit()->selectAll();
        QTest::keyClicks(choice->lineEdit(), "held-out");
        choice->showPopup(); // which takes the focus
        QTRY_VERIFY_WITH_TIMEOUT(choice->view()->isVisible(), minute);
        window_->openWorkspace(path("other"));
        waitFor("other");
        window_->activateWindow(); // an offscreen screen does not give it back by itself
        QTRY_COMPARE_WITH_TIMEOUT(QApplication::activeWindow(), window_.get(), minute);
        browser()->setView(RecordBrowser::View::Grid);
        const auto records = listRecords(Workspace::open(folder_ / "demo"));
        QCOMPARE(std::ranges::find(records, id.toStdString(), &RecordInfo::id)->split, std::string("held-out"));
    }

    void noRecordOfTheWorkspaceBeforeIsSelectedOrListed()
    {
        grid()->selectAll();
        QCOMPARE(browser()->selectedCount(), qsizetype(scenes));
        qsizetype selected = -1, listed = -1;
        const auto looks = connect(session_.get(), &Session::workspaceChanged, this, [&] {
            selected = browser()->selectedIds().size();
            listed = browser()->listedCount();
        });
        window_->openWorkspace(path("other"));
        waitFor("other");
        disconnect(looks);
        QCOMPARE(selected, qsizetype(0));
        QCOMPARE(listed, qsizetype(0));
        QCOMPARE(browser()->selectedCount(), qsizetype(1)); // the first of its own
    }

    void aQuestionThatOutlivesItsWorkspaceChangesNothing()
    {
        grid()->selectAll();
        settle();
        dialogs_.asked = 0;
        dialogs_.nextAnswer = true;
        dialogs_.whileAsked = [this] {
            session_->openWorkspace(path("other"));
            waitFor("other");
        };
        button("excludeRecord")->click();
        QCOMPARE(dialogs_.asked, 1);
        settle();
        for (const auto* const name : {"demo", "other"}) {
            const auto records = listRecords(Workspace::open(folder_ / name));
            QCOMPARE(records.size(), std::size_t(scenes));
            QVERIFY(std::ranges::all_of(records, [](const RecordInfo& record) { return record.excluded.empty(); }));
        }
    }

    void nothingOfTheWorkspaceBeforeIsShownAsItsOwn()
    {
        jobs().verify();
        QTRY_VERIFY_WITH_TIMEOUT(!jobs().busy(), minute);
        settle();
        QVERIFY2(text("verdict").contains("20 records"), qPrintable(text("verdict")));
        auto* const prompt = window_->findChild<PromptBar*>();
        SampleRequest ofRecord;
        ofRecord.textRecord = idOf(0).toStdString();
        prompt->setPrompt(ofRecord);
        window_->openWorkspace(path("other"));
        waitFor("other");
        QVERIFY2(text("verdict").startsWith("Nothing has run yet"), qPrintable(text("verdict")));
        SampleRequest now;
        prompt->apply(now);
        QVERIFY(!now.textRecord); // the record of that name is another one
    }

    void settingsThatAreOpenCloseWithTheirWorkspace()
    {
        for (auto* const action : window_->actions()) {
            if (action->text() == QStringLiteral("Workspace settings…"))
                action->trigger();
        }
        const QPointer<SettingsDialog> dialog = window_->findChild<SettingsDialog*>();
        QVERIFY(dialog && dialog->isVisible());
        session_->openWorkspace(path("other"));
        QVERIFY(!dialog || !dialog->isVisible()); // they would be written into the other one
        waitFor("other");
    }

    /// The last one: there is no window after it.
    void aCaptionThatIsBeingWrittenWhenTheWindowClosesIsKept()
    {
        const auto id = idOf(4);
        window_->activateWindow(); // after the settings of the test before
        QVERIFY(QTest::qWaitForWindowActive(window_.get()));
        auto* const field = window_->findChild<QPlainTextEdit*>("captionField");
        write(field, id, "written at the end");
        QVERIFY(window_->close());
        closeWindow();
        QCOMPARE(captionIn(folder_ / "demo", id.toStdString()), std::string("written at the end"));
    }

private:
    /// Into the caption of a record of the grid, without an end to it.
    void write(QPlainTextEdit* field, const QString& id, const char* text)
    {
        browser()->choose(id);
        settle();
        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_E);
        QTRY_VERIFY_WITH_TIMEOUT(field->isVisible(), minute);
        field->selectAll();
        QTest::keyClicks(field, text);
    }
    void waitFor(const char* name)
    {
        QTRY_VERIFY_WITH_TIMEOUT(
            session_->hasWorkspace() && session_->workspace().root.filename() == name && session_->idle(), minute);
        settle();
    }
};

QTEST_MAIN(TestTwoWorkspaces)
#include "tst_two_workspaces.moc"
