#include "widgets/fitted_columns.h"
#include "widgets/kept_columns.h"
#include "widgets/text.h"

#include <QHeaderView>
#include <QHelpEvent>
#include <QStandardItemModel>
#include <QTableView>
#include <QTest>
#include <QToolTip>
#include <QTreeWidget>

#include <memory>

using namespace nanodit;

namespace {

/// A table as those that keep their columns are.
struct Table {
    explicit Table(int count = 3)
        : model(2, count)
        , columns(new KeptColumns(view.horizontalHeader()))
    {
        view.setModel(&model);
        view.horizontalHeader()->setSectionsMovable(true);
        columns->watch();
    }
    QStandardItemModel model;
    QTableView view;
    KeptColumns* columns;
};

} // namespace

/// Columns of tables that never scroll sideways, and that fit by themselves until somebody sets their widths.
class TestColumns : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        table_ = std::make_unique<QTreeWidget>();
        table_->setHeaderLabels({"Record", "Cosine", "Certificate"});
        new QTreeWidgetItem(table_.get(), {"cats__tabby-on-a-sofa-in-the-evening-e7fdb2c9", "0.9997",
                                           "true; best alternative: one column right, cosine 0.71"});
        columns_ = new FittedColumns(table_.get(), {0, 2});
        table_->resize(1600, 200);
        table_->show();
        QVERIFY(QTest::qWaitForWindowExposed(table_.get()));
        columns_->measure();
    }

    void roomThatIsLeftStaysAtTheRight()
    {
        QCOMPARE(table_->header()->length(), columns_->neededWidth());
        QVERIFY(table_->header()->length() < table_->viewport()->width());
        table_->resize(1400, 200);
        QTest::qWait(50);
        QCOMPARE(table_->header()->length(), columns_->neededWidth());
    }

    void roomThatIsLeftGoesToTheLastColumnWhereThatIsWanted()
    {
        QTreeWidget table;
        table.setHeaderLabels({"Record", "Now", "Then"});
        auto* const columns = new FittedColumns(&table, {0, 1, 2}, FittedColumns::Rest::ToLastColumn);
        table.resize(1600, 200);
        table.show();
        QVERIFY(QTest::qWaitForWindowExposed(&table));
        columns->measure();
        QCOMPARE(table.header()->length(), table.viewport()->width()); // without a row, too
        new QTreeWidgetItem(&table, {"a", "a cat", "a cat, at night"});
        columns->measure();
        const int first = table.columnWidth(0);
        for (const int width : {1400, 1600}) {
            table.resize(width, 200);
            QTRY_COMPARE_WITH_TIMEOUT(table.header()->length(), table.viewport()->width(), 60000);
            QCOMPARE(table.columnWidth(0), first);
        }
        table.setColumnHidden(2, true);
        columns->measure();
        QCOMPARE(table.columnWidth(0) + table.columnWidth(1), table.viewport()->width());
    }

    void elasticColumnsGiveWayAndNumbersStay()
    {
        const int cosine = table_->columnWidth(1);
        for (const int width : {600, 500, 320}) {
            table_->resize(width, 200);
            QTRY_COMPARE_WITH_TIMEOUT(table_->header()->length(), table_->viewport()->width(), 60000);
            QCOMPARE(table_->columnWidth(1), cosine);
        }
        QVERIFY(std::abs(table_->columnWidth(0) - table_->columnWidth(2)) <= 1); // both had to
    }

    void aHiddenColumnTakesNoRoom()
    {
        table_->resize(400, 200);
        table_->setColumnHidden(1, true);
        columns_->measure();
        QVERIFY(table_->isColumnHidden(1));
        QTRY_COMPARE_WITH_TIMEOUT(table_->columnWidth(0) + table_->columnWidth(2), table_->viewport()->width(), 60000);
    }

    void whatIsCutOffStandsInAToolTip()
    {
        table_->resize(320, 200);
        QTRY_COMPARE_WITH_TIMEOUT(table_->header()->length(), table_->viewport()->width(), 60000);
        const auto tipAt = [&](int column) {
            QToolTip::hideText();
            const auto place = table_->visualRect(table_->model()->index(0, column)).center();
            QHelpEvent help(QEvent::ToolTip, place, table_->viewport()->mapToGlobal(place));
            QApplication::sendEvent(table_->viewport(), &help);
            return QToolTip::isVisible() ? QToolTip::text() : QString();
        };
        QCOMPARE(tipAt(2), toolTipOf(table_->topLevelItem(0)->text(2)));
        table_->topLevelItem(0)->setText(2, "a caption with <b>angle brackets</b> is shown as it is written");
        QVERIFY2(tipAt(2).contains("&lt;b&gt;"), qPrintable(tipAt(2)));
        table_->topLevelItem(0)->setToolTip(2, "its own");
        QCOMPARE(tipAt(2), QStringLiteral("its own"));
        QTRY_COMPARE_WITH_TIMEOUT(tipAt(1), QString(), 60000); // whole
    }

    void titlesThatAreCutOffStandInToolTips()
    {
        auto* const header = table_->header();
        table_->headerItem()->setToolTip(2, "What the certificate <found>");
        const auto tipAt = [header](int column) {
            QToolTip::hideText();
            const QPoint place(header->sectionViewportPosition(column) + 2, header->height() / 2);
            QHelpEvent help(QEvent::ToolTip, place, header->viewport()->mapToGlobal(place));
            QApplication::sendEvent(header->viewport(), &help);
            return QToolTip::isVisible() ? QToolTip::text() : QString();
        };
        header->resizeSection(0, header->sectionSizeHint(0));
        QTRY_COMPARE_WITH_TIMEOUT(tipAt(0), QString(), 60000); // whole
        header->resizeSection(0, 24);
        QCOMPARE(tipAt(0), toolTipOf("Record"));
        header->resizeSection(2, 24);
        QCOMPARE(tipAt(2), toolTipOf("Certificate\nWhat the certificate <found>"));
        header->resizeSection(2, header->sectionSizeHint(2));
        QCOMPARE(tipAt(2), QStringLiteral("What the certificate <found>")); // its own alone
    }

    void otherColumnsCanBecomeElastic()
    {
        table_->resize(400, 200);
        table_->topLevelItem(0)->setText(1, "0.9997 in the correct place, 0.71 one column to the right");
        columns_->measure();
        const int whole = table_->columnWidth(1);
        columns_->setElastic({0, 1, 2});
        columns_->measure();
        QTRY_COMPARE_WITH_TIMEOUT(table_->header()->length(), table_->viewport()->width(), 60000);
        QVERIFY2(table_->columnWidth(1) < whole, qPrintable(QString::number(whole)));
    }

    void onlyAWidthThatSomebodySetsIsByHand()
    {
        Table table;
        table.columns->change([&] {
            table.columns->change([&] { table.view.setColumnWidth(0, 71); });
            table.view.setColumnWidth(1, 72); // still within the outer change
        });
        table.view.setColumnWidth(2, 73); // the last one
        QVERIFY(!table.columns->byHand());
        table.view.setColumnWidth(0, 74);
        QVERIFY(table.columns->byHand());
    }

    void theLastColumnIsTheLastThatIsSeen()
    {
        Table table;
        table.columns->change([&] { table.view.setColumnHidden(2, true); });
        table.view.setColumnWidth(1, 75);
        QVERIFY(!table.columns->byHand());
        table.view.horizontalHeader()->moveSection(1, 0);
        table.view.setColumnWidth(1, 76);
        QVERIFY(table.columns->byHand());
    }

    void whatWasKeptComesBack()
    {
        Table table;
        table.view.setColumnWidth(0, 131);
        table.view.horizontalHeader()->moveSection(2, 0);
        Table next;
        next.columns->restore(table.columns->state());
        QVERIFY(next.columns->byHand());
        QCOMPARE(next.view.columnWidth(0), 131);
        QCOMPARE(next.view.horizontalHeader()->visualIndex(2), 0);
        next.columns->restore(Table().columns->state()); // of one that nobody has touched
        QVERIFY(!next.columns->byHand());
    }

    void whatIsOfAnotherTableChangesNothing()
    {
        Table four(4), table;
        four.view.setColumnWidth(0, 131);
        const int width = table.view.columnWidth(0);
        for (const auto& state : {four.columns->state(), QByteArray("nonsense"), QByteArray()}) {
            table.columns->restore(state);
            QCOMPARE(table.view.columnWidth(0), width);
            QVERIFY(!table.columns->byHand());
        }
    }

private:
    std::unique_ptr<QTreeWidget> table_;
    FittedColumns* columns_ = nullptr;
};

QTEST_MAIN(TestColumns)
#include "tst_columns.moc"
