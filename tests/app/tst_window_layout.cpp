#include "app/pages/attention/attention_page.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/dataset/record_list.h"
#include "app/pages/dataset/record_model.h"
#include "app/pages/dataset/record_table.h"
#include "app/pages/runs/run_model.h"
#include "app/pages/runs/runs_page.h"
#include "app/pages/train/train_page.h"
#include "tests/app/drawn_records.h"
#include "tests/app/window_test.h"

#include <QFileInfo>
#include <QFrame>
#include <QHeaderView>
#include <QSplitter>
#include <QTableView>
#include <QToolButton>

#include <cstdlib>
#include <filesystem>

using namespace nanodit;

/// What the next start of the window begins with.
class TestWindowLayout : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QApplication::setQuitOnLastWindowClosed(false);
        Workspace::create(folder_ / "workspace");
    }

    void cleanup() { closeWindow(); }

    void theWindowBeginsAsItWasLeft()
    {
        QVERIFY(openWindow());
        QVERIFY(!preferences_->lastPage() && preferences_->lastWorkspace().isEmpty());
        window_->openLast(); // there is none
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(!session_->hasWorkspace());
        window_->openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session_->hasWorkspace() && session_->idle(), minute);
        auto* const browser = window_->findChild<RecordBrowser*>();
        auto* const beside = window_->findChild<QSplitter*>("datasetSplit");
        browser->setView(RecordBrowser::View::Table);
        beside->setSizes({500, 300}); // not as wide as a table is at first
        const auto room = beside->saveState();
        window_->showPage(Page::Train);
        auto* const inspector = window_->trainPage()->findChild<QFrame*>("inspector");
        QVERIFY(inspector->isVisible());
        foldOf(window_->trainPage())->click();
        QVERIFY(!inspector->isVisible());

        window_->showPage(Page::Attention);
        auto* const drawer = window_->attentionPage()->findChild<QFrame*>("drawer");
        QTRY_VERIFY_WITH_TIMEOUT(drawer->isVisible(), minute);
        const int before = drawer->height();
        auto* const rows = qobject_cast<QSplitter*>(drawer->parentWidget());
        QVERIFY(rows != nullptr);
        rows->setSizes({rows->height() - before - 60, before + 60});
        const int after = drawer->height();
        QVERIFY(after > before);

        window_->showPage(Page::Runs);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute); // its columns were fitted
        auto* const header = runsHeader();
        header->setSortIndicator(RunModel::Loss, Qt::DescendingOrder);
        header->moveSection(header->visualIndex(RunModel::Course), 4);
        header->resizeSection(RunModel::Name, 177);
        QVERIFY(window_->close());
        QVERIFY(preferences_->lastPage() == Page::Runs);
        QVERIFY(QFileInfo(preferences_->lastWorkspace()) == QFileInfo(path("workspace")));
        closeWindow();

        QVERIFY(openWindow());
        window_->openLast();
        QTRY_VERIFY_WITH_TIMEOUT(session_->hasWorkspace() && session_->idle(), minute);
        QVERIFY(window_->runsPage()->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(runsHeader()->sortIndicatorSection(), static_cast<int>(RunModel::Loss));
        QCOMPARE(runsHeader()->sortIndicatorOrder(), Qt::DescendingOrder);
        QCOMPARE(runsHeader()->visualIndex(RunModel::Course), 4);
        QCOMPARE(runsHeader()->sectionSize(RunModel::Name), 177);
        QVERIFY(window_->findChild<RecordBrowser*>()->view() == RecordBrowser::View::Table);
        QVERIFY(window_->findChild<QToolButton*>("showTable")->isChecked());
        QVERIFY(window_->findChild<QSplitter*>("datasetSplit")->saveState() == room);
        QVERIFY(!foldOf(window_->trainPage())->isChecked());
        QVERIFY(foldOf(window_->attentionPage())->isChecked()); // nobody has folded it
        window_->showPage(Page::Train);
        QVERIFY(!window_->trainPage()->findChild<QFrame*>("inspector")->isVisible());
        window_->showPage(Page::Attention);
        const auto* const again = window_->attentionPage()->findChild<QFrame*>("drawer");
        QTRY_VERIFY2_WITH_TIMEOUT(std::abs(again->height() - after) <= 2,
                                  qPrintable(QStringLiteral("%1, %2 before").arg(again->height()).arg(after)), minute);
    }

    void aWorkspaceThatIsAwayIsNotOpened()
    {
        std::filesystem::rename(folder_ / "workspace", folder_ / "away");
        QVERIFY(openWindow());
        const QSignalSpy opening(session_.get(), &Session::workspaceOpening);
        window_->openLast();
        QTest::qWait(200); // an answer that it is not there is not told
        QVERIFY(opening.isEmpty() && !session_->hasWorkspace());
        std::filesystem::rename(folder_ / "away", folder_ / "workspace");
    }

    void theTableOfRecordsKeepsItsColumns()
    {
        const auto records = test::drawnRecords(40);
        RecordModel model;
        model.show(arrangeRecords(records, RecordQuery(), {}));
        QByteArray kept;
        {
            RecordTable table;
            table.setModel(&model);
            auto* const header = table.horizontalHeader();
            header->setSortIndicatorShown(true);
            header->setSortIndicator(RecordModel::CaptionColumn, Qt::DescendingOrder);
            header->moveSection(header->visualIndex(RecordModel::SplitColumn), 0);
            header->resizeSection(RecordModel::BucketColumn, 143);
            kept = table.arrangement();
        }
        RecordTable table;
        table.setModel(&model);
        table.setArrangement(kept);
        table.resize(1200, 300);
        const auto* const header = table.horizontalHeader();
        QCOMPARE(header->sortIndicatorSection(), static_cast<int>(RecordModel::CaptionColumn));
        QCOMPARE(header->visualIndex(RecordModel::SplitColumn), 0);
        QCOMPARE(header->sectionSize(RecordModel::BucketColumn), 143);
        QVERIFY(table.isColumnHidden(RecordModel::LossColumn)); // as the records are now
        table.setArrangement("nothing of that kind");
        QCOMPARE(header->visualIndex(RecordModel::SplitColumn), 0);
    }

private:
    static QToolButton* foldOf(QWidget* page) { return page->findChild<QToolButton*>("foldInspector"); }
    QHeaderView* runsHeader() const
    {
        return window_->runsPage()->findChild<QTableView*>("runsTable")->horizontalHeader();
    }
};

QTEST_MAIN(TestWindowLayout)
#include "tst_window_layout.moc"
