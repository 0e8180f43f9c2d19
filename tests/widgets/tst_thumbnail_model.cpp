#include "widgets/filmstrip.h"
#include "widgets/thumbnail_grid.h"
#include "widgets/thumbnail_model.h"

#include <QAbstractItemModelTester>
#include <QPainter>
#include <QSignalSpy>
#include <QTest>

using namespace nanodit;

namespace {

std::vector<ThumbnailItem> threeItems()
{
    constexpr auto whole = MarkState::Whole;
    return {{.id = "a",
             .caption = "a red circle",
             .badge = "128x128",
             .problem = {},
             .marks = {whole, whole, whole, whole}},
            {.id = "b",
             .caption = "a blue square",
             .badge = "160x96",
             .problem = "no caption file",
             .marks = {MarkState::Missing, whole, whole, whole}},
            {.id = "c",
             .caption = "a red square",
             .badge = "160x96",
             .problem = {},
             .marks = {whole, whole, whole, MarkState::Wrong}}};
}

} // namespace

class TestThumbnailModel : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void modelKeepsItsContract()
    {
        ThumbnailModel model;
        QAbstractItemModelTester tester(&model);
        model.setItems(threeItems());
        model.setThumbnail("b", QImage(4, 4, QImage::Format_RGB888));
        model.setItems({});
        FilmModel film;
        QAbstractItemModelTester filmTester(&film);
        film.prepend({.key = "1", .picture = QImage(4, 4, QImage::Format_RGB888), .caption = "first"});
        film.prepend({.key = "2", .picture = QImage(4, 4, QImage::Format_RGB888), .caption = "second"});
        film.remove("1");
        QCOMPARE(film.rowCount(), 1);
    }

    void aThumbnailIsAskedForOnceWhenItIsDrawn()
    {
        ThumbnailModel model;
        model.setItems(threeItems());
        QSignalSpy wanted(&model, &ThumbnailModel::thumbnailWanted);
        for (int i = 0; i < 3; ++i)
            (void)model.index(1).data(ThumbnailModel::ThumbnailRole);
        QCOMPARE(wanted.count(), 1);
        QCOMPARE(wanted[0][0].toString(), QStringLiteral("b"));
        model.setThumbnail("b", QImage(8, 8, QImage::Format_RGB888));
        QCOMPARE(model.index(1).data(ThumbnailModel::ThumbnailRole).value<QImage>().width(), 8);
        QCOMPARE(wanted.count(), 1);
    }

    void filtersByWordsBucketAndProblem()
    {
        ThumbnailModel model;
        model.setItems(threeItems());
        ThumbnailFilter filter;
        filter.setSourceModel(&model);
        filter.setText("SQUARE red");
        QCOMPARE(filter.rowCount(), 1);
        QCOMPARE(filter.index(0, 0).data(ThumbnailModel::IdRole).toString(), QStringLiteral("c"));
        filter.setText("");
        filter.setBadge("160x96");
        QCOMPARE(filter.rowCount(), 2);
        filter.setBadge("");
        filter.setProblemsOnly(true);
        QCOMPARE(filter.rowCount(), 2); // a sentence, or an array that is wrong
    }

    void gridDrawsAndReportsTheChosenRecord()
    {
        ThumbnailModel model;
        model.setItems(threeItems());
        ThumbnailGrid grid;
        grid.setModel(&model);
        grid.resize(420, 300);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        QSignalSpy chosen(&grid, &ThumbnailGrid::recordChosen);
        grid.setCurrentIndex(model.index(0));
        QTest::keyClick(&grid, Qt::Key_Right);
        QCOMPARE(chosen.back()[0].toString(), QStringLiteral("b"));
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

QTEST_MAIN(TestThumbnailModel)
#include "tst_thumbnail_model.moc"
