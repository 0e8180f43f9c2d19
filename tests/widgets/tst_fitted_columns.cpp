#include "widgets/fitted_columns.h"
#include "widgets/text.h"

#include <QHeaderView>
#include <QHelpEvent>
#include <QTest>
#include <QToolTip>
#include <QTreeWidget>

#include <memory>

using namespace nanodit;

/// Tables that never scroll sideways.
class TestFittedColumns : public QObject {
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

private:
    std::unique_ptr<QTreeWidget> table_;
    FittedColumns* columns_ = nullptr;
};

QTEST_MAIN(TestFittedColumns)
#include "tst_fitted_columns.moc"
