#include "widgets/filmstrip.h"
#include "widgets/point_map.h"
#include "widgets/thumbnail_grid.h"

#include <QAbstractItemModelTester>
#include <QMouseEvent>
#include <QPainter>
#include <QScrollBar>
#include <QTest>

using namespace nanodit;

namespace {

/// As many records as asked for, each with a picture; counts what was asked of it.
class CountingModel : public QAbstractListModel {
public:
    explicit CountingModel(int count)
        : count_(count)
    {
    }
    int rowCount(const QModelIndex& parent = {}) const override { return parent.isValid() ? 0 : count_; }
    QVariant data(const QModelIndex& index, int role) const override
    {
        if (role == ThumbnailGrid::ItemRole) {
            ++items;
            return QVariant::fromValue(ThumbnailItem{.id = QString::number(index.row()),
                                                     .caption = QStringLiteral("caption %1").arg(index.row()),
                                                     .badge = QStringLiteral("128x128"),
                                                     .problem = {},
                                                     .marks = {}});
        }
        if (role == ThumbnailGrid::PictureRole)
            return picture;
        return {};
    }
    mutable int items = 0;
    QImage picture;

private:
    int count_;
};

} // namespace

class TestThumbnailGrid : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void filmKeepsItsContract()
    {
        FilmModel film;
        QAbstractItemModelTester filmTester(&film);
        film.insert(0, {.key = "1", .picture = QImage(4, 4, QImage::Format_RGB888), .caption = "first"});
        film.insert(0, {.key = "2", .picture = QImage(4, 4, QImage::Format_RGB888), .caption = "second"});
        film.remove("1");
        QCOMPARE(film.rowCount(), 1);
    }

    void keysOnAMapWithoutPointsGoNowhere()
    {
        CountingModel model(3);
        PointMap map;
        map.setModel(&model);
        map.setMessage("Laying out the map");
        map.show();
        QVERIFY(QTest::qWaitForWindowExposed(&map));
        for (const auto key : {Qt::Key_Down, Qt::Key_Up, Qt::Key_Home, Qt::Key_End})
            QTest::keyClick(&map, key);
        QVERIFY(!map.currentIndex().isValid());
        map.setPoints([](int row) { return PointMap::Point{.place = QPointF(0.5, 0.25 * (row + 1))}; });
        QTest::keyClick(&map, Qt::Key_End);
        QCOMPARE(map.currentIndex().row(), 2);
    }

    void aThumbnailThatIsMadeLeavesTheMapAsItIs()
    {
        CountingModel model(3);
        PointMap map;
        map.resize(300, 300);
        map.setModel(&model);
        int asked = 0;
        map.setPoints([&asked](int row) {
            ++asked;
            return PointMap::Point{.place = QPointF(0.5, 0.25 * (row + 1))};
        });
        map.show();
        QVERIFY(QTest::qWaitForWindowExposed(&map));
        QCOMPARE(asked, 3);
        const auto plain = map.viewport()->grab().toImage();
        const auto point = map.toViewport({0.5, 0.5});
        QMouseEvent move(QEvent::MouseMove, point, map.viewport()->mapToGlobal(point), Qt::NoButton, Qt::NoButton,
                         Qt::NoModifier);
        QCoreApplication::sendEvent(map.viewport(), &move);
        const auto hovered = map.viewport()->grab().toImage();
        QVERIFY(hovered != plain);
        const auto index = model.index(1, 0);
        Q_EMIT model.dataChanged(index, index, {ThumbnailGrid::PictureRole});
        QCOMPARE(asked, 3); // of a hundred thousand records for each picture, the window would stand still
        QVERIFY(map.viewport()->grab().toImage() == hovered); // the one under the pointer stays open
        Q_EMIT model.dataChanged(index, index, {ThumbnailGrid::ItemRole});
        QCOMPARE(asked, 6);
    }

    void onlyWhatIsSeenIsAskedFor()
    {
        CountingModel model(100000);
        ThumbnailGrid grid;
        grid.setModel(&model);
        grid.resize(420, 600);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        QVERIFY(model.items > 0);
        model.items = 0;
        grid.verticalScrollBar()->setValue(grid.verticalScrollBar()->maximum() / 2);
        grid.viewport()->repaint();
        QVERIFY2(model.items > 0 && model.items < 60, qPrintable(QString::number(model.items)));
    }

    void tilesShareTheRowAndArrowsStepThroughThem()
    {
        CountingModel model(12);
        ThumbnailGrid grid;
        grid.setModel(&model);
        grid.resize(420, 600);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        const auto rect = [&](int row) { return grid.visualRect(model.index(row)); };
        QCOMPARE(rect(0).top(), rect(2).top());
        QVERIFY(rect(3).top() > rect(0).top()); // three in a row
        QVERIFY(grid.viewport()->width() - rect(2).right() < 8);
        grid.setCurrentIndex(model.index(1));
        QTest::keyClick(&grid, Qt::Key_Right);
        QCOMPARE(grid.currentIndex().row(), 2);
        QTest::keyClick(&grid, Qt::Key_Down);
        QCOMPARE(grid.currentIndex().row(), 5);
        QTest::keyClick(&grid, Qt::Key_Left, Qt::ShiftModifier);
        QCOMPARE(grid.selectionModel()->selectedIndexes().size(), 2);
        grid.resize(640, 600); // more tiles in a row
        QTRY_COMPARE_WITH_TIMEOUT(rect(3).top(), rect(0).top(), 60000);
    }

    void anExcludedRecordIsDrawnFaintly()
    {
        QImage full(40, 40, QImage::Format_ARGB32_Premultiplied), faint = full;
        for (auto* const image : {&full, &faint}) {
            image->fill(Qt::black);
            QPainter painter(image);
            QImage white(10, 10, QImage::Format_RGB32);
            white.fill(Qt::white);
            paintThumbnail(painter, {0, 0, 40, 40}, white, image == &full ? 1 : 0.35);
        }
        QVERIFY(full.pixelColor(20, 20).lightness() > 250);
        QVERIFY(faint.pixelColor(20, 20).lightness() < 120);
    }

    void eachStateHasItsOwnShapeNotOnlyItsColour()
    {
        // Drawn in one colour, the four marks still differ.
        Colours grey = lightColours();
        grey.green = grey.yellow = grey.vermillion = grey.secondary = Qt::black;
        QList<QImage> drawn;
        for (const auto state : markStates) {
            QImage image(16, 16, QImage::Format_RGB32);
            image.fill(Qt::white);
            QPainter painter(&image);
            paintStateMark(painter, {2, 2, 12, 12}, state, grey);
            painter.end();
            QVERIFY(!drawn.contains(image));
            drawn << image;
        }
    }
};

QTEST_MAIN(TestThumbnailGrid)
#include "tst_thumbnail_grid.moc"
