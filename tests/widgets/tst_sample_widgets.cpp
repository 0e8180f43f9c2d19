#include "tests/support/active_window.h"
#include "widgets/drop_zone.h"
#include "widgets/guidance_anatomy.h"
#include "widgets/guidance_slider.h"
#include "widgets/mask_canvas.h"
#include "widgets/picture_comparison.h"
#include "widgets/picture_difference.h"
#include "widgets/picture_tiles.h"
#include "widgets/prompt_edit.h"

#include <QAccessible>
#include <QApplication>
#include <QDoubleSpinBox>
#include <QDragEnterEvent>
#include <QHelpEvent>
#include <QMimeData>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>
#include <QTextBlock>
#include <QTextLayout>
#include <QToolTip>
#include <QUrl>

using namespace nanodit;

namespace {

QImage plain(QColor colour, QSize size = {32, 16})
{
    QImage picture(size, QImage::Format_RGB888);
    picture.fill(colour);
    return picture;
}

} // namespace

/// The parts of the Sample page, each by itself.
class TestSampleWidgets : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aDifferenceIsTheMeanOfTheChannels()
    {
        auto b = plain(QColor(10, 20, 30));
        QCOMPARE(differenceOf(b, b).largest, 0.0);
        b.setPixelColor(3, 4, QColor(40, 20, 0)); // 30 + 0 + 30
        const auto difference = differenceOf(plain(QColor(10, 20, 30)), b);
        QCOMPARE(difference.largest, 20.0);
        QVERIFY(std::abs(difference.mean - 20.0 / (32 * 16)) < 1e-9);
        QVERIFY(!difference.resized);
        QVERIFY(difference.heat.pixel(3, 4) != difference.heat.pixel(0, 0));
        QVERIFY(differenceOf(b, plain(Qt::red, {8, 8})).resized);
    }

    void theAnatomySaysTheNumbersOfAStep()
    {
        GuidanceAnatomy anatomy;
        anatomy.resize(400, 150);
        QVERIFY(anatomy.readingAt(200).isEmpty());
        const GuidanceAnatomy::Step first{
            .t = 1, .applies = true, .text = GuidanceAnatomy::Term{.length = 1.5, .across = 1.25, .parallel = -0.75}};
        const GuidanceAnatomy::Step last{.t = 0.25, .applies = false, .zeroScale = 0.5};
        anatomy.setSteps({first, last});
        const auto begin = anatomy.readingAt(anatomy.xOf(first) + 1), end = anatomy.readingAt(anatomy.xOf(last));
        QCOMPARE(begin, QStringLiteral("t = 1.00\ntext term 1.50, 1.25 across, -0.75 along"));
        QCOMPARE(end, QStringLiteral("t = 0.25\nno guidance: outside the interval\nno conditions × 0.50 (CFG-Zero*)"));
    }

    void aScaleIsWholeInLargeFonts()
    {
        const auto before = QApplication::font();
        auto large = before;
        large.setPointSizeF(24);
        QApplication::setFont(large);
        {
            const GuidanceSlider slider("Text guidance", "how strongly", Hue::Orange);
            const auto* const box = slider.findChild<QDoubleSpinBox*>();
            QVERIFY(box->maximumWidth() >= box->minimumSizeHint().width());
        }
        QApplication::setFont(before);
    }

    void tilesFillTheRoomAndOpen()
    {
        PictureTiles tiles;
        tiles.resize(800, 300);
        tiles.show();
        tiles.begin({"seed 1", "seed 2", "seed 3"}, {64, 64});
        QVERIFY(QTest::qWaitForWindowExposed(&tiles));
        QCOMPARE(tiles.tileRect(0).top(), tiles.tileRect(2).top()); // one row: a square would be smaller
        for (int i = 0; i < 3; ++i) {
            QVERIFY(QRectF(tiles.rect()).contains(tiles.tileRect(i)));
            if (i > 0)
                QVERIFY(!tiles.tileRect(i).intersects(tiles.tileRect(i - 1)));
        }
        const auto label = (tiles.tileRect(2).center() + QPointF(0, tiles.tileRect(2).height() / 2 + 8)).toPoint();
        QHelpEvent help(QEvent::ToolTip, label, tiles.mapToGlobal(label));
        QCoreApplication::sendEvent(&tiles, &help);
        QVERIFY2(QToolTip::text().contains("seed 3"), qPrintable(QToolTip::text())); // it may have no room
        QToolTip::hideText();
        QSignalSpy opened(&tiles, &PictureTiles::opened);
        QTest::mouseClick(&tiles, Qt::LeftButton, {}, tiles.tileRect(1).center().toPoint());
        QCOMPARE(opened.count(), 0); // not there yet
        tiles.setPicture(1, plain(Qt::red));
        QTest::mouseClick(&tiles, Qt::LeftButton, {}, tiles.tileRect(1).center().toPoint());
        QCOMPARE(opened.count(), 1);
        QCOMPARE(opened[0][0].toInt(), 1);
        tiles.setPicture(2, plain(Qt::blue));
        QTest::keyClick(&tiles, Qt::Key_Right);
        QCOMPARE(tiles.accessibleDescription(), QString("seed 3"));
        QTest::keyClick(&tiles, Qt::Key_Return);
        QCOMPARE(opened.count(), 2);
        QCOMPARE(opened[1][0].toInt(), 2);
    }

    void aZoneIsAButtonToScreenReaders()
    {
        DropZone zone;
        zone.setPrompt("Drop a picture here");
        zone.show();
        auto* const spoken = QAccessible::queryAccessibleInterface(&zone);
        QVERIFY(spoken != nullptr);
        QCOMPARE(spoken->role(), QAccessible::Button);
        QCOMPARE(spoken->text(QAccessible::Name), QStringLiteral("Drop a picture here"));
        auto* const actions = spoken->actionInterface();
        QVERIFY(actions != nullptr && actions->actionNames().contains(QAccessibleActionInterface::pressAction()));
        const QSignalSpy clicked(&zone, &DropZone::clicked);
        actions->doAction(QAccessibleActionInterface::pressAction());
        QCOMPARE(clicked.count(), 0); // whoever asks does not wait for what it opens
        QTRY_COMPARE_WITH_TIMEOUT(clicked.count(), 1, 60000);
    }

    void aZoneTakesPicturesAndLeavesFoldersToTheWindow()
    {
        DropZone zone;
        const auto takes = [&zone](const QString& path) {
            QMimeData data;
            data.setUrls({QUrl::fromLocalFile(path)});
            QDragEnterEvent enter(QPoint(4, 4), Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
            enter.setAccepted(false);
            QApplication::sendEvent(&zone, &enter);
            return enter.isAccepted();
        };
        QVERIFY(takes("/of/a disk/that is not there/cat.JPG"));
        QVERIFY(!takes("/of/a disk/that is not there/cats"));
    }

    void aZoneOutlinesThePartOfItsPictureThatIsUsed()
    {
        DropZone zone;
        zone.resize(240, 120);
        zone.setPicture(plain(Qt::white, {200, 100}), "a reference");
        const auto lightnessAt = [&zone](double share) {
            const auto shown = zone.grab().toImage();
            return shown.pixelColor(static_cast<int>(shown.width() * share), shown.height() / 2).lightness();
        };
        QCOMPARE(lightnessAt(0.2), 255);
        zone.setPart({0.25, 0, 0.5, 1}, "The middle half is used.");
        QVERIFY(lightnessAt(0.2) < 200);
        QCOMPARE(lightnessAt(0.5), 255);
        QVERIFY(lightnessAt(0.8) < 200);
        QCOMPARE(zone.accessibleDescription(), QString("a reference\nThe middle half is used."));
        QVERIFY(zone.toolTip().contains("The middle half is used."));
        zone.setPicture(plain(Qt::white, {200, 100}), "another");
        QCOMPARE(lightnessAt(0.2), 255);
        QCOMPARE(zone.accessibleDescription(), QString("another"));
    }

    void aComparisonWipesBlinksAndSubtracts()
    {
        PictureComparison comparison;
        comparison.resize(600, 400);
        comparison.show();
        QVERIFY(QTest::qWaitForWindowExposed(&comparison));
        comparison.setPictures({{plain(Qt::red), "red"}, {plain(Qt::blue), "blue"}, {plain(Qt::green), "green"}});
        QStringList names;
        for (const auto* const canvas : comparison.findChildren<ImageCanvas*>())
            names << canvas->accessibleName();
        QVERIFY2(names.contains("red") && names.contains("green"), qPrintable(names.join(' ')));
        comparison.setMode(PictureComparison::Mode::Wipe);
        auto* const canvas = comparison.findChild<QWidget*>("comparedCanvas");
        const auto middleOf = [canvas](double share) {
            const auto shown = canvas->grab().toImage();
            return shown.pixelColor(static_cast<int>(shown.width() * share), shown.height() / 2);
        };
        QCOMPARE(middleOf(0.3), QColor(Qt::red));
        QCOMPARE(middleOf(0.7), QColor(Qt::blue));
        comparison.findChild<QSlider*>("wipe")->setValue(1000);
        QCOMPARE(middleOf(0.7), QColor(Qt::red));
        comparison.setMode(PictureComparison::Mode::Blink);
        QCOMPARE(comparison.blinked(), 0);
        QCOMPARE(comparison.readout(), QString("red"));
        QTRY_COMPARE_WITH_TIMEOUT(comparison.blinked(), 2, 60000);
        QCOMPARE(comparison.readout(), QString("green"));
        comparison.setMode(PictureComparison::Mode::Difference);
        QVERIFY2(comparison.readout().contains("mean difference 170"), qPrintable(comparison.readout()));
        comparison.setPictures({{plain(Qt::red), "a"}, {plain(Qt::red), "b"}});
        QVERIFY(comparison.readout().contains("identical"));
        QCOMPARE(comparison.mode(), PictureComparison::Mode::Difference);
    }

    void aRegionIsPaintedByBrushAndByKeys()
    {
        MaskCanvas canvas;
        canvas.resize(500, 300);
        canvas.show();
        QVERIFY(QTest::qWaitForWindowExposed(&canvas));
        const GridSize grid{2, 4};
        canvas.begin(plain(Qt::gray, {64, 32}), {64, 32}, grid, {0, 5});
        QCOMPARE(canvas.outside(), (std::vector<std::int64_t>{0, 5}));
        QSignalSpy changed(&canvas, &MaskCanvas::regionChanged);
        const auto at = [&canvas](std::int64_t cell) { return canvas.cellRect(cell).center().toPoint(); };
        QTest::mouseClick(&canvas, Qt::LeftButton, {}, at(0));
        QCOMPARE(canvas.outside(), (std::vector<std::int64_t>{5}));
        QTest::mouseClick(&canvas, Qt::RightButton, {}, at(3));
        QCOMPARE(canvas.outside(), (std::vector<std::int64_t>{3, 5}));
        QCOMPARE(changed.count(), 2);
        canvas.setErasing(true);
        canvas.setBrush(3);
        QTest::mouseClick(&canvas, Qt::LeftButton, {}, at(1)); // its neighbours, too, as far as there are any
        QCOMPARE(canvas.outside(), (std::vector<std::int64_t>{0, 1, 2, 3, 4, 5, 6}));
        canvas.invert();
        QCOMPARE(canvas.outside(), (std::vector<std::int64_t>{7}));
        canvas.fill(true);
        QVERIFY(canvas.outside().empty());
        canvas.setFocus();
        QTest::keyClick(&canvas, Qt::Key_Right); // from the cell that was painted last
        QTest::keyClick(&canvas, Qt::Key_Space);
        QCOMPARE(canvas.outside(), (std::vector<std::int64_t>{2}));
        // Outside the picture nothing is painted.
        QTest::mouseClick(&canvas, Qt::RightButton, {}, QPoint(2, 2));
        QCOMPARE(canvas.outside(), (std::vector<std::int64_t>{2}));
        // The cursor shows as long as the keys go there.
        QVERIFY(test::activate(canvas));
        const auto cell = canvas.cellRect(2).toRect();
        canvas.clearFocus();
        const auto without = canvas.grab(cell).toImage();
        canvas.setFocus();
        QVERIFY(canvas.grab(cell).toImage() != without);
        canvas.clearFocus();
        QVERIFY(canvas.grab(cell).toImage() == without);
    }

    void aPromptHasLinesAndSubmits()
    {
        PromptEdit edit;
        edit.resize(400, 40);
        edit.show();
        QVERIFY(QTest::qWaitForWindowExposed(&edit));
        QSignalSpy submitted(&edit, &PromptEdit::submitted);
        const int oneLine = edit.sizeHint().height();
        QTest::keyClicks(&edit, "a red circle");
        QTest::keyClick(&edit, Qt::Key_Return, Qt::ShiftModifier);
        QTest::keyClicks(&edit, "a blue square");
        QCOMPARE(edit.text(), QString("a red circle\na blue square"));
        QVERIFY(edit.isModified());
        QCOMPARE(submitted.count(), 0);
        QTest::keyClick(&edit, Qt::Key_Return);
        QCOMPARE(submitted.count(), 1);
        QCOMPARE(edit.text(), QString("a red circle\na blue square"));
        edit.setText("1\n2\n3\n4\n5\n6\n7");
        QVERIFY(!edit.isModified());
        QVERIFY(edit.sizeHint().height() > oneLine);
        QVERIFY(edit.sizeHint().height() <= 4 * edit.fontMetrics().lineSpacing() + 10);
    }

    void whatIsCutOffAPromptIsStruckOut()
    {
        PromptEdit edit;
        edit.setText("one two\nthree");
        const auto struckIn = [&edit](int line) {
            int characters = 0;
            for (const auto& range : edit.document()->findBlockByNumber(line).layout()->formats())
                characters += range.format.fontStrikeOut() ? range.length : 0;
            return characters;
        };
        edit.setKept(3);
        QCOMPARE(struckIn(0), 4);
        QCOMPARE(struckIn(1), 5);
        edit.setKept(100);
        QCOMPARE(struckIn(0) + struckIn(1), 0);
    }
};

QTEST_MAIN(TestSampleWidgets)
#include "tst_sample_widgets.moc"
