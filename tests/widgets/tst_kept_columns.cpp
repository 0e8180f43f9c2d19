#include "widgets/kept_columns.h"

#include <QHeaderView>
#include <QStandardItemModel>
#include <QTableView>
#include <QTest>

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

/// Columns that fit by themselves until somebody sets their widths.
class TestKeptColumns : public QObject {
    Q_OBJECT

private Q_SLOTS:
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
};

QTEST_MAIN(TestKeptColumns)
#include "tst_kept_columns.moc"
