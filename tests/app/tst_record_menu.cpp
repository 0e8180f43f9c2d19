#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/record_editing.h"
#include "app/pages/dataset/record_model.h"
#include "tests/app/dataset_test.h"
#include "widgets/thumbnail_grid.h"

#include <QContextMenuEvent>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPlainTextEdit>
#include <QUndoStack>

using namespace nanodit;

namespace {
constexpr int scenes = 20;
} // namespace

/// The menu that the right button and the menu key open over records, in the real window.
class TestRecordMenu : public test::DatasetTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { openDemo(scenes); }

    void cleanupTestCase() { closeWindow(); }

    /// Every test leaves the set as it found it.
    void cleanup() { takeBack(); }

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

QTEST_MAIN(TestRecordMenu)
#include "tst_record_menu.moc"
