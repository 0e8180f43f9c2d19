#pragma once

#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/record_editing.h"
#include "app/pages/dataset/record_model.h"
#include "app/pages/dataset/record_table.h"
#include "tests/app/window_test.h"
#include "widgets/thumbnail_grid.h"

#include <QLabel>
#include <QPushButton>
#include <QUndoStack>

namespace nanodit::test {

/// What tests of the data set's page start from: the real window on a demo workspace whose arrays are whole.
class DatasetTest : public WindowTest {
protected:
    void openDemo(int scenes)
    {
        WindowTest::openDemo(scenes);
        settle();
        QCOMPARE(browser()->model()->rowCount(), scenes);
    }
    DatasetPage* page() const { return window_->datasetPage(); }
    RecordBrowser* browser() const { return page()->browser(); }
    ThumbnailGrid* grid() const { return window_->findChild<ThumbnailGrid*>("thumbnailGrid"); }
    RecordTable* table() const { return window_->findChild<RecordTable*>(); }
    QPushButton* button(const char* name) const { return window_->findChild<QPushButton*>(QLatin1String(name)); }
    QString text(const char* name) const { return window_->findChild<QLabel*>(QLatin1String(name))->text(); }
    QString idOf(std::size_t place) const { return QString::fromStdString(session_->records()[place].id); }
    void settle()
    {
        QCoreApplication::processEvents(); // what an editor has committed is on its way
        QTRY_VERIFY_WITH_TIMEOUT(page()->settled(), minute);
    }
    /// A key in the grid or the table, whichever is shown.
    void press(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier)
    {
        auto* const view = grid()->isVisible() ? static_cast<QWidget*>(grid()) : table();
        view->setFocus();
        QTest::keyClick(view, key, modifiers);
    }
    /// Every record in the grid, as it was before the edits of a test.
    void takeBack()
    {
        browser()->setQuery({});
        browser()->setView(RecordBrowser::View::Grid);
        page()->editing()->undoStack()->setIndex(0);
        settle();
    }
    /// At the end of a test: with that the arrays of captions are whole again.
    void leaveAsFound()
    {
        takeBack();
        for (const auto& record : session_->records())
            QCOMPARE(record.arrays.front(), ArrayState::Whole);
    }
};

} // namespace nanodit::test
