#include "widgets/filmstrip.h"
#include "widgets/picture_table.h"
#include "widgets/preview_grid.h"
#include "widgets/text.h"

#include <QHelpEvent>
#include <QScrollBar>
#include <QSignalSpy>
#include <QTest>
#include <QToolTip>

#include <vector>

using namespace nanodit;

namespace {

QImage largePicture()
{
    QImage picture(1024, 768, QImage::Format_RGB888);
    picture.fill(Qt::blue);
    return picture;
}

} // namespace

/// Pictures that come for hours: they must not fill the memory of the process that trains.
class TestPreviewGrid : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void previewsOfALongTrainingStaySmallInMemory()
    {
        PreviewGrid grid;
        const auto large = largePicture();
        for (qint64 step = 1; step <= 20; ++step)
            grid.add(step, "a", "caption", large, large);
        const qint64 each = qint64(PreviewGrid::keptSide) * PreviewGrid::keptSide * 4;
        QVERIFY2(grid.bytes() > 0 && grid.bytes() <= 21 * each, qPrintable(QString::number(grid.bytes())));
    }

    void aPictureIsAskedForByItsRecordAndStep()
    {
        PreviewGrid grid;
        grid.add(500, "a", "caption", largePicture(), largePicture());
        QSignalSpy chosen(&grid, &PreviewGrid::pictureChosen);
        grid.resize(600, 300);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        QTest::mouseDClick(grid.viewport(), Qt::LeftButton, {}, {20, 60});
        QTest::mouseDClick(grid.viewport(), Qt::LeftButton, {}, {150, 60});
        QCOMPARE(chosen.count(), 2);
        QCOMPARE(chosen[0][0].toString(), QStringLiteral("a"));
        QCOMPARE(chosen[0][1].toLongLong(), -1LL); // the reference
        QCOMPARE(chosen[1][1].toLongLong(), 500LL);
    }

    void rowsOfOneRecordStayTogetherInTheirOrder()
    {
        PreviewGrid grid;
        grid.setHeaders([](qint64 column) { return QStringLiteral("part %1").arg(column); });
        const auto add = [&grid](const QString& record, qint64 group, qint64 column) {
            grid.add({.record = record,
                      .group = group,
                      .label = QStringLiteral("row %1").arg(group),
                      .column = column,
                      .caption = QStringLiteral("caption"),
                      .picture = largePicture(),
                      .reference = largePicture()});
        };
        add("a", 2, 0);
        add("b", 1, 0);
        add("a", 1, 0); // before the other row of a
        add("a", 2, 3); // into its row
        QCOMPARE(grid.columns(), 2);
        QSignalSpy chosen(&grid, &PreviewGrid::pictureChosen);
        grid.resize(700, 500);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        for (const int y : {60, 164, 268}) // the first picture of each row
            QTest::mouseDClick(grid.viewport(), Qt::LeftButton, {}, {150, y});
        QTest::mouseDClick(grid.viewport(), Qt::LeftButton, {}, {260, 164});
        QCOMPARE(chosen.count(), 4);
        const QStringList records = {"a", "a", "b", "a"};
        const QList<qlonglong> groups = {1, 2, 1, 2}, columns = {0, 0, 0, 3};
        for (int i = 0; i < 4; ++i) {
            QCOMPARE(chosen[i][0].toString(), records[i]);
            QCOMPARE(chosen[i][1].toLongLong(), columns[i]);
            QCOMPARE(chosen[i][3].toLongLong(), groups[i]);
        }
        QCOMPARE(chosen[3][2].toString(), QStringLiteral("a · part 3 · row 2\ncaption"));
    }

    void theKeyboardGoesFromPictureToPictureAndEnlarges()
    {
        PreviewGrid grid;
        grid.add(100, "a", "caption", largePicture(), largePicture());
        grid.add(200, "a", "caption", largePicture(), largePicture());
        grid.add(200, "b", "another", largePicture(), largePicture()); // lacks step 100
        QSignalSpy chosen(&grid, &PreviewGrid::pictureChosen);
        QVERIFY(!grid.moveCurrent(1, 0)); // nothing was chosen yet
        grid.enlargeCurrent();
        QCOMPARE(chosen.count(), 0);
        grid.resize(600, 300);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        const auto enlargedBy = [&](const std::vector<Qt::Key>& keys) {
            for (const auto key : keys)
                QTest::keyClick(&grid, key);
            chosen.clear();
            QTest::keyClick(&grid, Qt::Key_Return);
            return chosen.count() == 1
                       ? QStringLiteral("%1 %2").arg(chosen[0][0].toString()).arg(chosen[0][1].toLongLong())
                       : QString();
        };
        QCOMPARE(enlargedBy({Qt::Key_Home}), QStringLiteral("a -1")); // the reference
        QCOMPARE(enlargedBy({Qt::Key_Right}), QStringLiteral("a 100"));
        QCOMPARE(enlargedBy({Qt::Key_Down}), QStringLiteral("b -1")); // the nearest before step 100
        QCOMPARE(enlargedBy({Qt::Key_End}), QStringLiteral("b 200"));
        QCOMPARE(enlargedBy({Qt::Key_Up}), QStringLiteral("a 200"));
        QCOMPARE(enlargedBy({Qt::Key_Right, Qt::Key_Up}), QStringLiteral("a 200")); // there is nothing further
        QCOMPARE(enlargedBy({Qt::Key_Left}), QStringLiteral("a 100"));
        QCOMPARE(grid.accessibleDescription(), QStringLiteral("a · step 100\ncaption"));
        QTest::mouseClick(grid.viewport(), Qt::LeftButton, {}, {20, 164}); // the second row's reference
        QCOMPARE(enlargedBy({}), QStringLiteral("b -1"));
        grid.clear();
        QCOMPARE(enlargedBy({Qt::Key_Right}), QString());
    }

    void aPictureBesideTheEdgeIsScrolledTo()
    {
        PreviewGrid grid;
        for (qint64 step = 1; step <= 20; ++step)
            grid.add(step, "a", "caption", largePicture(), largePicture());
        grid.resize(400, 160);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        QTest::keyClick(&grid, Qt::Key_End);
        const int end = grid.horizontalScrollBar()->value();
        QVERIFY(end > 1500);
        for (int i = 0; i < 19; ++i)
            QTest::keyClick(&grid, Qt::Key_Left);
        QCOMPARE(grid.horizontalScrollBar()->value(), 0);
    }

    void framesOfAFilmstripAreReduced()
    {
        FilmModel film;
        film.insert(0, {.key = "a", .picture = largePicture(), .caption = "<b> is a tag"});
        film.insert(1, {.key = "b", .picture = {}, .caption = {}});
        film.insert(7, {.key = "c", .picture = {}, .caption = {}}); // at the end
        QCOMPARE(film.rowCount(), 3);
        QCOMPARE(film.rowOf("c"), 2);
        QCOMPARE(film.rowOf("none"), -1);
        const auto kept = film.index(0).data(FilmModel::PictureRole).value<QImage>();
        QCOMPARE(kept.size(), QSize(Filmstrip::keptSide, Filmstrip::keptSide * 3 / 4));
        QCOMPARE(film.index(0).data(Qt::ToolTipRole).toString(), QStringLiteral("<p>&lt;b&gt; is a tag</p>"));
        QCOMPARE(toolTipOf({}), QString());
    }

    void aRowOfPicturesSaysAllThatHasNoRoom()
    {
        PictureTable table;
        table.resize(1200, 600);
        table.setColumns({"Reference", "a run with a long name"});
        const auto caption = QStringLiteral("a caption of many <words>, ").repeated(30) + "to the last";
        table.setRows({{.key = "a", .title = caption, .facts = "seed 3", .value = {}}});
        table.show();
        QVERIFY(QTest::qWaitForWindowExposed(&table));
        const auto helpAt = [&table](QPoint place) {
            QToolTip::hideText();
            QHelpEvent help(QEvent::ToolTip, place, table.viewport()->mapToGlobal(place));
            QCoreApplication::sendEvent(table.viewport(), &help);
            return QToolTip::text();
        };
        const auto cell = table.cellRect(0, 1);
        QVERIFY(helpAt({20, cell.center().y()}).contains("to the last<br>seed 3"));
        QVERIFY(helpAt({20, cell.center().y()}).contains("&lt;words&gt;"));
        QVERIFY(helpAt({cell.center().x(), 8}).contains("a run with a long name"));
        QToolTip::hideText();
    }

    void aSheetHoldsAsManyRowsAsOnePictureCan()
    {
        PictureTable table;
        table.resize(1200, 600);
        table.setColumns({"Reference", "mine"});
        std::vector<PictureTable::Row> rows;
        for (int i = 0; i < 1000; ++i)
            rows.push_back({.key = QString::number(i), .title = {}, .facts = {}, .value = {}});
        table.setRows(rows);
        constexpr int tallest = 32767; // beyond, Qt paints nothing
        const int fitting = table.rowsWithin(tallest);
        QVERIFY(fitting > 50 && fitting < 1000);
        QImage red(32, 32, QImage::Format_RGB888);
        red.fill(Qt::red);
        table.setPictures(QString::number(fitting - 1), {red, red});
        const auto sheet = table.sheet(fitting);
        QVERIFY(sheet.height() <= tallest);
        QCOMPARE(sheet.pixelColor(table.cellRect(fitting - 1, 1).center()), QColor(Qt::red));
    }
};

QTEST_MAIN(TestPreviewGrid)
#include "tst_preview_grid.moc"
