#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/record_editing.h"
#include "app/pages/dataset/record_model.h"
#include "tests/app/dataset_test.h"
#include "widgets/thumbnail_grid.h"

#include <QAbstractItemView>
#include <QComboBox>
#include <QContextMenuEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPlainTextEdit>
#include <QPointer>
#include <QPushButton>
#include <QToolButton>
#include <QUndoStack>
#include <QWheelEvent>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

using namespace nanodit;

namespace {

constexpr int scenes = 20;
constexpr std::size_t t5 = 0;

} // namespace

/// Edits of records in the real window, by keys, by mouse and by the menu over a record: what each changes is looked
/// for in the catalog.
class TestRecordEditing : public test::DatasetTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { openDemo(scenes); }

    void cleanupTestCase() { closeWindow(); }

    void cleanup() { leaveAsFound(); }

    void theMenuOfTheRightButtonDoesWhatItSaysAndTellsIt()
    {
        browser()->choose(idOf(0));
        const auto split = session_->record(idOf(4))->split;
        chooseInMenu(4, "menuSplit", split == "val" ? "train" : "val");
        QCOMPARE(browser()->current(), idOf(4)); // the button chose it
        QVERIFY(session_->record(idOf(4))->split != split && session_->record(idOf(0))->split == "train");
        QVERIFY(window_->findChild<QLabel*>("recordTold")->isVisible());
        QCOMPARE(text("recordTold"),
                 QString("split of %1: %2").arg(idOf(4), QString::fromStdString(session_->record(idOf(4))->split)));
        chooseInMenu(4, "menuUndo");
        QCOMPARE(session_->record(idOf(4))->split, split);
        QCOMPARE(text("recordTold"), QString("Undone: split of %1").arg(idOf(4)));

        chooseInMenu(4, "menuExclude");
        QCOMPARE(session_->record(idOf(4))->excluded, std::string("by hand"));
        QVERIFY2(text("recordTold").endsWith("excluded: by hand"), qPrintable(text("recordTold")));
        chooseInMenu(4, "menuExclude");
        QVERIFY(session_->record(idOf(4))->excluded.empty());
        chooseInMenu(4, "menuShowFile");
        QCOMPARE(dialogs_.shownFile, QString::fromStdString(session_->record(idOf(4))->image.string()));

        chooseInMenu(4, "menuCaption");
        auto* const field = window_->findChild<QPlainTextEdit*>("captionField");
        QVERIFY(field->isVisible() && field->hasFocus());
        QTest::keyClicks(field, "by the menu");
        QTest::keyClick(field, Qt::Key_Return, Qt::ControlModifier);
        settle();
        QCOMPARE(session_->record(idOf(4))->caption, std::string("by the menu"));
        QVERIFY2(text("recordTold").contains("stale"), qPrintable(text("recordTold")));
        browser()->setView(RecordBrowser::View::Table); // there it is the cell that is edited
        chooseInMenu(4, "menuCaption");
        QVERIFY(qobject_cast<QLineEdit*>(QApplication::focusWidget()) != nullptr &&
                table()->isAncestorOf(QApplication::focusWidget()));
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Escape);
    }

    void theMenuOfASelectionIsForAllOfIt()
    {
        browser()->choose(idOf(0));
        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_Right, Qt::ShiftModifier);
        chooseInMenu(1, "menuExclude");
        QVERIFY(!session_->record(idOf(0))->excluded.empty() && !session_->record(idOf(1))->excluded.empty());
        QCOMPARE(text("recordTold"), QStringLiteral("2 records excluded: by hand"));
        QVERIFY(!menuAction(1, "menuCaption")->isEnabled() && !menuAction(1, "menuShowFile")->isEnabled());
        closeMenus();
        deleteMenus();
    }

    void theUndoOfAnOpenMenuNamesWhatItWillUndo()
    {
        const auto splitOf = [this](std::size_t place) {
            return QString::fromStdString(session_->record(idOf(place))->split);
        };
        const auto other = [&](std::size_t place) {
            return splitOf(place) == "val" ? QStringLiteral("train") : QStringLiteral("val");
        };
        const auto first = other(2), before = splitOf(3);
        page()->editing()->setSplit({idOf(2)}, first);
        settle();
        auto* const undo = menuAction(2, "menuUndo");
        QVERIFY(undo != nullptr && undo->isEnabled());
        QVERIFY2(undo->text().contains(idOf(2)), qPrintable(undo->text()));
        page()->editing()->setSplit({idOf(3)}, other(3));
        settle();
        QVERIFY2(undo->text().contains(idOf(3)), qPrintable(undo->text()));
        closeMenus();
        undo->trigger();
        deleteMenus();
        QVERIFY(test::activate(*window_));
        settle();
        QCOMPARE(splitOf(3), before);
        QCOMPARE(splitOf(2), first);
    }

    void theMenuActsOnWhatWasSelectedWhenItOpened()
    {
        // The list may be arranged anew while the menu is open.
        const auto chooseLate = [this](QAction* action, const std::function<void()>& meanwhile) {
            QVERIFY(action != nullptr);
            meanwhile();
            settle();
            closeMenus();
            action->trigger();
            deleteMenus();
            QVERIFY(test::activate(*window_));
            settle();
        };
        browser()->choose(idOf(0));
        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_Right, Qt::ShiftModifier);
        chooseLate(menuAction(1, "menuExclude"), [this] { browser()->choose(idOf(5)); });
        QVERIFY(!session_->record(idOf(0))->excluded.empty() && !session_->record(idOf(1))->excluded.empty());
        QVERIFY(session_->record(idOf(5))->excluded.empty());
        chooseLate(menuAction(3, "menuShowFile"), [this] { browser()->choose(idOf(5)); });
        QCOMPARE(dialogs_.shownFile, QString::fromStdString(session_->record(idOf(3))->image.string()));
        auto* const field = window_->findChild<QPlainTextEdit*>("captionField");
        chooseLate(menuAction(3, "menuCaption"), [this] { browser()->choose(idOf(5)); });
        QCOMPARE(browser()->current(), idOf(3));
        QVERIFY(field->isVisible() && field->hasFocus());
        QTest::keyClick(field, Qt::Key_Escape);

        browser()->choose(idOf(0));
        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_Right, Qt::ShiftModifier);
        chooseLate(menuAction(1, "menuTags"), [this] { browser()->choose(idOf(5)); });
        QCOMPARE(browser()->selectedIds(), QStringList({idOf(0), idOf(1)})); // whose tags are edited now
        chooseLate(menuAction(1, "menuTags"), [this] { browser()->setQuery(idOf(5)); });
        QVERIFY2(text("recordTold").contains("no longer listed"), qPrintable(text("recordTold")));
    }

    void theMenuKeyOpensItForTheCurrentRecord()
    {
        browser()->choose(idOf(2));
        grid()->setFocus();
        QContextMenuEvent asked(QContextMenuEvent::Keyboard, QPoint(), QPoint());
        QApplication::sendEvent(grid(), &asked);
        QCOMPARE(window_->findChildren<QMenu*>("recordMenu").size(), 1);
        closeMenus();
        deleteMenus();
        const QPoint corner = grid()->viewport()->rect().bottomRight(); // where no record is
        QContextMenuEvent beside(QContextMenuEvent::Mouse, corner, grid()->viewport()->mapToGlobal(corner));
        QApplication::sendEvent(grid()->viewport(), &beside);
        QVERIFY(window_->findChildren<QMenu*>("recordMenu").isEmpty());
    }

    void aCaptionIsEditedInPlaceAndTakenBack()
    {
        browser()->choose(idOf(1));
        const auto before = session_->record(idOf(1))->caption;
        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_E);
        auto* const field = window_->findChild<QPlainTextEdit*>("captionField");
        QVERIFY(field->isVisible() && field->hasFocus());
        QTest::keyClick(field, Qt::Key_Escape);
        QVERIFY(!field->isVisible());
        settle();
        QCOMPARE(session_->record(idOf(1))->caption, before);

        press(Qt::Key_E);
        QTest::keyClicks(field, "quite other words"); // the old ones are selected
        QTest::keyClick(field, Qt::Key_Return, Qt::ControlModifier);
        settle();
        QCOMPARE(session_->record(idOf(1))->caption, std::string("quite other words"));
        QCOMPARE(session_->record(idOf(1))->arrays[t5], ArrayState::Stale);
        QCOMPARE(text("state-t5"), QStringLiteral("stale: the caption")); // why
        QCOMPARE(text("state-vae"), QStringLiteral("valid"));
        browser()->setQuery("because:caption");
        settle();
        QCOMPARE(browser()->model()->rowCount(), 1);
        QCOMPARE(browser()->model()->index(0, RecordModel::RemarkColumn).data().toString(),
                 QStringLiteral("t5 stale: the caption"));

        press(Qt::Key_Z, Qt::ControlModifier);
        settle();
        QCOMPARE(session_->record(idOf(1))->caption, before);
        QCOMPARE(browser()->model()->rowCount(), 0);
        QCOMPARE(text("captionText"), QString::fromStdString(before)); // still shown, though filtered away
        QTest::mouseClick(window_->findChild<QToolButton*>("redoEdit"), Qt::LeftButton);
        settle();
        QCOMPARE(session_->record(idOf(1))->arrays[t5], ArrayState::Stale);
        QTest::mouseClick(window_->findChild<QToolButton*>("undoEdit"), Qt::LeftButton);
        settle();
        QCOMPARE(session_->record(idOf(1))->arrays[t5], ArrayState::Whole);
    }

    void leavingTheCaptionForAnotherRecordKeepsWhatWasWrittenWhereItBelongs()
    {
        browser()->choose(idOf(1));
        settle();
        const auto other = session_->record(idOf(2))->caption;
        press(Qt::Key_E);
        QTest::keyClicks(window_->findChild<QPlainTextEdit*>("captionField"), "left behind");
        browser()->choose(idOf(2));
        settle();
        QCOMPARE(session_->record(idOf(1))->caption, std::string("left behind"));
        QCOMPARE(session_->record(idOf(2))->caption, other);
    }

    void cellsOfTheTableAreEditedByKeys()
    {
        browser()->choose(idOf(0));
        settle();
        press(Qt::Key_T); // the table has a column of tags when there are some
        QTest::keyClicks(window_->findChild<QLineEdit*>("recordTags"), "dusk");
        QTest::keyClick(window_->findChild<QLineEdit*>("recordTags"), Qt::Key_Return);
        settle();
        QVERIFY(!table()->isColumnHidden(RecordModel::TagsColumn));
        browser()->setView(RecordBrowser::View::Table);
        settle();
        table()->setFocus();
        const auto type = [&](RecordModel::Column column, const QString& what) {
            table()->setCurrentIndex(browser()->model()->index(0, column));
            QTest::keyClick(table(), Qt::Key_F2);
            auto* const editor = QApplication::focusWidget();
            QVERIFY(editor != table());
            auto* const line =
                qobject_cast<QLineEdit*>(editor) ? qobject_cast<QLineEdit*>(editor) : editor->findChild<QLineEdit*>();
            QVERIFY(line != nullptr);
            line->selectAll();
            QTest::keyClicks(line, what);
            QTest::keyClick(line, Qt::Key_Return);
            settle();
        };
        type(RecordModel::CaptionColumn, "typed into a cell");
        QCOMPARE(session_->record(idOf(0))->caption, std::string("typed into a cell"));
        type(RecordModel::TagsColumn, "city, night");
        QVERIFY((session_->record(idOf(0))->tags == std::vector<std::string>{"city", "night"}));
        type(RecordModel::TagsColumn, "night");
        QVERIFY((session_->record(idOf(0))->tags == std::vector<std::string>{"night"}));
        type(RecordModel::SplitColumn, "test");
        QCOMPARE(session_->record(idOf(0))->split, std::string("test"));
        QCOMPARE(table()->currentIndex().row(), 0); // nothing jumped
        QVERIFY(window_->findChild<QComboBox*>("recordSplit")->findData("test") >= 0);
    }

    void whatIsBeingWrittenInACellStaysWhileRecordsAreRead()
    {
        browser()->setView(RecordBrowser::View::Table);
        browser()->choose(idOf(0));
        settle();
        table()->setFocus();
        for (const auto column : {RecordModel::CaptionColumn, RecordModel::SplitColumn}) {
            table()->setCurrentIndex(browser()->model()->index(0, column));
            QTest::keyClick(table(), Qt::Key_F2);
            auto* const editor = QApplication::focusWidget();
            QVERIFY(editor != nullptr && editor != table());
            auto* const line =
                qobject_cast<QLineEdit*>(editor) ? qobject_cast<QLineEdit*>(editor) : editor->findChild<QLineEdit*>();
            QVERIFY(line != nullptr);
            line->selectAll();
            QTest::keyClicks(line, "half a");
            session_->refreshRecords(); // as when passes have ended
            settle();
            QCOMPARE(line->text(), QString("half a"));
            QTest::keyClick(line, Qt::Key_Escape);
        }
    }

    void whatIsBeingWrittenInACellStaysWhileRowsChange()
    {
        browser()->setView(RecordBrowser::View::Table);
        browser()->choose(idOf(0));
        settle();
        table()->setFocus();
        table()->setCurrentIndex(browser()->model()->index(0, RecordModel::CaptionColumn));
        QTest::keyClick(table(), Qt::Key_F2);
        const QPointer<QLineEdit> line = qobject_cast<QLineEdit*>(QApplication::focusWidget());
        QVERIFY(line != nullptr);
        line->selectAll();
        QTest::keyClicks(line, "half a");
        browser()->setQuery("caption that no record has"); // nobody touches the focus
        settle();
        QVERIFY(line && line->hasFocus());
        QCOMPARE(browser()->model()->rowCount(), scenes);
        QTest::keyClicks(line, " thought");
        QTest::keyClick(line, Qt::Key_Return);
        settle();
        QCOMPARE(session_->record(idOf(0))->caption, std::string("half a thought"));
        QTRY_COMPARE_WITH_TIMEOUT(browser()->model()->rowCount(), 0, minute);
    }

    void aSelectionIsEditedAsOne()
    {
        browser()->choose(idOf(0));
        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_Right, Qt::ShiftModifier);
        QTest::keyClick(grid(), Qt::Key_Right, Qt::ShiftModifier);
        QCOMPARE(browser()->selectedIds().size(), 3);
        const auto ids = browser()->selectedIds();

        auto* const split = window_->findChild<QComboBox*>("recordSplit");
        split->setCurrentIndex(split->findData("val"));
        Q_EMIT split->activated(split->currentIndex());
        settle();
        for (const auto& id : ids)
            QCOMPARE(session_->record(id)->split, std::string("val"));
        QCOMPARE(browser()->selectedIds(), ids); // the edit leaves the selection alone

        press(Qt::Key_T);
        auto* const tags = window_->findChild<QLineEdit*>("recordTags");
        QVERIFY(tags->hasFocus());
        QTest::keyClicks(tags, "night, rain");
        QTest::keyClick(tags, Qt::Key_Return);
        settle();
        for (const auto& id : ids)
            QVERIFY((session_->record(id)->tags == std::vector<std::string>{"night", "rain"}));

        grid()->setFocus();
        QTest::keyClick(grid(), Qt::Key_X);
        settle();
        for (const auto& id : ids)
            QCOMPARE(session_->record(id)->excluded, std::string("by hand"));
        QVERIFY(text("recordCount").contains("3 excluded"));
        auto* const reason = window_->findChild<QLineEdit*>("exclusionReason");
        QVERIFY(reason->isVisible());
        reason->setFocus();
        reason->selectAll();
        QTest::keyClicks(reason, "out of focus");
        QTest::keyClick(reason, Qt::Key_Return);
        settle();
        QCOMPARE(session_->record(ids[1])->excluded, std::string("out of focus"));
        QTest::mouseClick(window_->findChild<QPushButton*>("excludeRecord"), Qt::LeftButton);
        settle();
        QVERIFY(session_->record(ids[1])->excluded.empty());

        auto* const undo = page()->editing()->undoStack();
        QCOMPARE(undo->count(), 5);
        undo->undo();
        undo->undo(); // two at once are made in order
        settle();
        QCOMPARE(session_->record(ids[1])->excluded, std::string("by hand"));
        undo->setIndex(1);
        settle();
        QVERIFY(session_->record(ids[2])->tags.empty() && session_->record(ids[2])->excluded.empty());
        QCOMPARE(session_->record(ids[2])->split, std::string("val"));
    }

    void aRecordThatTheFilterHidesIsTheOneThatIsEdited()
    {
        const auto of = [this](const std::string& split) {
            return QString::fromStdString(std::ranges::find(session_->records(), split, &RecordInfo::split)->id);
        };
        const auto shown = of("train"), hidden = of("val");
        browser()->setQuery("split:train");
        settle();
        browser()->choose(shown);
        grid()->setFocus();
        page()->chooseRecord(hidden); // as a click in a report or a certificate does
        QCOMPARE(browser()->current(), hidden);
        QCOMPARE(browser()->selectedIds(), QStringList{hidden});
        auto* const note = window_->findChild<QWidget*>("hiddenRecord");
        QVERIFY(note->isVisible());
        press(Qt::Key_X);
        settle();
        QVERIFY(session_->record(shown)->excluded.empty());
        QCOMPARE(session_->record(hidden)->excluded, std::string("by hand"));
        QCOMPARE(page()->loupe()->left()->view()->record.id, hidden.toStdString());
        QTest::mouseClick(window_->findChild<QPushButton*>("showHiddenRecord"), Qt::LeftButton);
        settle();
        QVERIFY(!note->isVisible());
        QCOMPARE(grid()->currentIndex().row(), browser()->model()->rowOf(hidden));
        QCOMPARE(browser()->selectedIds(), QStringList{hidden});
        page()->chooseRecord("a file that import refused.png"); // no record
        QCOMPARE(browser()->current(), hidden);
    }

    void theShownRecordIsAlwaysOneOfThoseThatAreEdited()
    {
        browser()->choose(idOf(0));
        grid()->setFocus();
        const auto at = [this](int row) { return grid()->visualRect(grid()->model()->index(row, 0)).center(); };
        QTest::mouseClick(grid()->viewport(), Qt::LeftButton, Qt::ControlModifier, at(2));
        QTest::mouseClick(grid()->viewport(), Qt::LeftButton, Qt::ControlModifier, at(4));
        QCOMPARE(browser()->current(), idOf(4));
        QTest::mouseClick(grid()->viewport(), Qt::LeftButton, Qt::ControlModifier, at(4)); // no more
        QVERIFY2(browser()->selectedIds().contains(browser()->current()), qPrintable(browser()->current()));
        QCOMPARE(browser()->selectedIds(), (QStringList{idOf(0), idOf(2)}));
        QTest::keyClick(grid(), Qt::Key_Right, Qt::ControlModifier); // the mark moves, the selection stays
        QVERIFY(browser()->selectedIds().contains(browser()->current()));
    }

    void manyRecordsAreChangedOnlyAfterAQuestion()
    {
        grid()->setFocus();
        grid()->selectAll();
        QVERIFY(browser()->selectedIds().size() >= 20);
        const auto before = session_->record(idOf(1))->split;
        const int asked = dialogs_.asked;
        dialogs_.nextAnswer = false;
        auto* const split = window_->findChild<QComboBox*>("recordSplit");
        Q_EMIT split->activated(split->findData("val"));
        settle();
        QCOMPARE(dialogs_.asked, asked + 1);
        QCOMPARE(session_->record(idOf(1))->split, before);
        press(Qt::Key_X);
        settle();
        QCOMPARE(dialogs_.asked, asked + 2);
        QVERIFY(session_->record(idOf(1))->excluded.empty());
        dialogs_.nextAnswer = true;
        press(Qt::Key_X);
        settle();
        QVERIFY(!session_->record(idOf(1))->excluded.empty());
        QCOMPARE(page()->editing()->undoStack()->count() - page()->editing()->undoStack()->index(), 0);
    }

    void theSplitChangesOnlyByItsOpenList()
    {
        browser()->choose(idOf(0));
        const auto before = session_->record(idOf(0))->split;
        auto* const split = window_->findChild<QComboBox*>("recordSplit");
        QWheelEvent turn({5, 5}, split->mapToGlobal(QPointF(5, 5)), {}, {0, -120}, Qt::NoButton, Qt::NoModifier,
                         Qt::NoScrollPhase, false);
        QApplication::sendEvent(split, &turn);
        split->setFocus();
        QTest::keyClick(split, Qt::Key_V);
        QTest::keyClick(split, Qt::Key_Down);
        QTRY_VERIFY_WITH_TIMEOUT(split->view()->isVisible(), 60000);
        QTest::keyClick(split->view(), Qt::Key_Escape);
        QTRY_VERIFY_WITH_TIMEOUT(!split->view()->isVisible(), 60000);
        window_->activateWindow(); // an offscreen screen does not give it back by itself
        QTRY_COMPARE_WITH_TIMEOUT(QApplication::activeWindow(), window_.get(), 60000);
        QCOMPARE(session_->record(idOf(0))->split, before);

        press(Qt::Key_E); // and leaving the caption by a key does not lead there
        auto* const field = window_->findChild<QPlainTextEdit*>("captionField");
        QVERIFY(field->hasFocus());
        QTest::keyClick(field, Qt::Key_Escape);
        QVERIFY(grid()->hasFocus());
    }

    void theOpenListOfSplitsKeepsItsEntries()
    {
        browser()->choose(idOf(0));
        settle();
        auto* const split = window_->findChild<QComboBox*>("recordSplit");
        split->showPopup();
        QTRY_VERIFY_WITH_TIMEOUT(split->view()->isVisible(), 60000);
        page()->editing()->setSplit({idOf(5)}, "held-out"); // as if a job had ended
        settle();
        QVERIFY(browser()->splits().contains("held-out"));
        QVERIFY(split->view()->isVisible());
        QVERIFY(split->findData("held-out") < 0);
        split->hidePopup();
        QTRY_VERIFY_WITH_TIMEOUT(split->findData("held-out") >= 0, 60000);
        QCOMPARE(split->currentData().toString(), QString::fromStdString(session_->record(idOf(0))->split));
        window_->activateWindow(); // an offscreen screen does not give it back by itself
        QTRY_COMPARE_WITH_TIMEOUT(QApplication::activeWindow(), window_.get(), 60000);
        leaveAsFound();
    }

    void aCaptionThatWasOnlyOpenedStaysAsItIs()
    {
        page()->editing()->setCaption(idOf(3), "two  spaces\nand a line");
        settle();
        const auto written = session_->record(idOf(3))->caption;
        const int edits = page()->editing()->undoStack()->count();
        browser()->choose(idOf(3));
        press(Qt::Key_E);
        browser()->choose(idOf(4));
        settle();
        QCOMPARE(session_->record(idOf(3))->caption, written);
        QCOMPARE(page()->editing()->undoStack()->count(), edits);
    }

    void theKeysLeaveASearchThatFindsNothing()
    {
        QVERIFY(test::activate(*window_));
        browser()->focusSearch();
        browser()->setQuery("no record has these words");
        settle();
        const auto* const search = browser()->findChild<QLineEdit*>("recordSearch");
        QVERIFY(search->hasFocus());
        QTest::keyClick(QApplication::focusWidget(), Qt::Key_Down);
        QVERIFY(!search->hasFocus() && browser()->isAncestorOf(QApplication::focusWidget()));
        QVERIFY(QApplication::focusWidget()->isVisible());
        browser()->setQuery({});
        settle();
    }

    void anUndoThatFailsLeavesTheStackInStepWithTheRecords()
    {
        browser()->choose(idOf(6));
        auto* const undo = page()->editing()->undoStack();
        undo->clear();
        page()->editing()->changeTags({idOf(6)}, {"one"}, {});
        page()->editing()->changeTags({idOf(6)}, {"two"}, {});
        settle();
        QCOMPARE(undo->index(), 2);
        const auto catalog = session_->workspace().catalogFile();
        auto away = catalog;
        away += ".away";
        std::filesystem::rename(catalog, away);
        std::filesystem::create_directory(catalog); // nothing can be written there
        QSignalSpy failed(page()->editing(), &RecordEditing::failed);
        undo->undo();
        undo->undo();
        settle();
        std::filesystem::remove_all(catalog);
        std::filesystem::rename(away, catalog);
        QCOMPARE(failed.count(), 1); // the second was not tried
        QVERIFY2(failed[0][0].toString().contains("Could not undo"), qPrintable(failed[0][0].toString()));
        QCOMPARE(undo->index(), 2);
        QCOMPARE(session_->record(idOf(6))->tags, (std::vector<std::string>{"one", "two"}));
        undo->undo();
        settle();
        QCOMPARE(session_->record(idOf(6))->tags, (std::vector<std::string>{"one"}));
    }

private:
    /// An entry of the menu that the right button opens over a record; of several of one name the one with this data.
    QAction* menuAction(int row, const char* name, const QString& data = {})
    {
        auto* const view = grid()->isVisible() ? static_cast<QAbstractItemView*>(grid()) : table();
        view->scrollTo(view->model()->index(row, 0));
        const auto place = view->visualRect(view->model()->index(row, 0)).center();
        QTest::mouseClick(view->viewport(), Qt::RightButton, {}, place);
        QContextMenuEvent asked(QContextMenuEvent::Mouse, place, view->viewport()->mapToGlobal(place));
        QApplication::sendEvent(view->viewport(), &asked);
        QAction* found = nullptr;
        for (auto* const menu : window_->findChildren<QMenu*>("recordMenu")) {
            for (auto* const action : menu->findChildren<QAction*>(QLatin1String(name))) {
                if (data.isNull() || action->data().toString() == data)
                    found = action;
            }
        }
        return found;
    }
    void closeMenus()
    {
        for (auto* const menu : window_->findChildren<QMenu*>("recordMenu"))
            menu->hide();
        QVERIFY(test::activate(*window_)); // as the window system would
    }
    void deleteMenus() { qDeleteAll(window_->findChildren<QMenu*>("recordMenu")); }
    void chooseInMenu(int row, const char* name, const QString& data = {})
    {
        auto* const action = menuAction(row, name, data);
        QVERIFY2(action != nullptr && action->isEnabled(), name);
        closeMenus(); // as a click would, before it acts
        action->trigger();
        deleteMenus();
        QVERIFY(test::activate(*window_));
        settle();
    }
};

QTEST_MAIN(TestRecordEditing)
#include "tst_record_editing.moc"
