#include "widgets/filmstrip.h"
#include "widgets/thumbnail_grid.h"
#include "widgets/thumbnail_model.h"

#include <QAbstractItemModelTester>
#include <QElapsedTimer>
#include <QPainter>
#include <QScrollBar>
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

    void staysFluidOverAHundredThousandRecords()
    {
        constexpr int count = 100000;
        std::vector<ThumbnailItem> items;
        for (int i = 0; i < count; ++i)
            items.push_back({.id = QStringLiteral("record-%1").arg(i, 6, 10, QLatin1Char('0')),
                             .caption = QStringLiteral("a picture of thing %1 beside thing %2").arg(i % 97).arg(i % 31),
                             .badge = i % 3 == 0 ? "1024x1024" : "1216x832",
                             .problem = {},
                             .marks = {}});
        ThumbnailModel model;
        model.setItems(std::move(items));
        connect(
            &model, &ThumbnailModel::thumbnailWanted, this,
            [&model](const QString& id) { model.setThumbnail(id, QImage(224, 160, QImage::Format_RGB888)); },
            Qt::QueuedConnection);
        ThumbnailFilter filter;
        filter.setSourceModel(&model);
        ThumbnailGrid grid;
        grid.setModel(&filter);
        grid.resize(412, 640);
        grid.show();
        QVERIFY(QTest::qWaitForWindowExposed(&grid));
        QTest::qWait(50);
        auto* const bar = grid.verticalScrollBar();
        QVERIFY(bar->maximum() > 100000);
        // Other programs can spoil a frame; each place is visited three times, its best counts.
        double worst = 0;
        for (int step = 0; step < 40; ++step) {
            double best = 1e9;
            for (int attempt = 0; attempt < 3; ++attempt) {
                QElapsedTimer timer;
                timer.start();
                bar->setValue(static_cast<int>(static_cast<std::int64_t>(bar->maximum()) * step / 40 + attempt * 150));
                grid.viewport()->repaint();
                best = std::min(best, static_cast<double>(timer.nsecsElapsed()) / 1e6);
                QCoreApplication::processEvents();
            }
            worst = std::max(worst, best);
        }
        QElapsedTimer timer;
        timer.start();
        filter.setText("thing 96");
        const double filtered = static_cast<double>(timer.nsecsElapsed()) / 1e6;
        qInfo("longest frame %.1f ms, filtering %.0f ms", worst, filtered);
        QVERIFY2(worst < 50, qPrintable(QString::number(worst)));
        QVERIFY(filter.rowCount() > 0 && filter.rowCount() < count / 20);
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
