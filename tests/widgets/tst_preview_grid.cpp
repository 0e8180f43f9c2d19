#include "widgets/filmstrip.h"
#include "widgets/preview_grid.h"
#include "widgets/text.h"

#include <QSignalSpy>
#include <QTest>

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
};

QTEST_MAIN(TestPreviewGrid)
#include "tst_preview_grid.moc"
