#include "widgets/cell_layers.h"
#include "widgets/image_canvas.h"
#include "widgets/layer_list.h"
#include "widgets/layers.h"
#include "widgets/picture.h"

#include <QMouseEvent>
#include <QSignalSpy>
#include <QSlider>
#include <QTest>
#include <QToolButton>
#include <QWheelEvent>

#include <random>

using namespace nanodit;

namespace {

double distance(QPointF a, QPointF b)
{
    return std::hypot(a.x() - b.x(), a.y() - b.y());
}

std::shared_ptr<PictureLayer> redPicture()
{
    QImage picture(64, 32, QImage::Format_RGB888);
    picture.fill(Qt::red);
    return std::make_shared<PictureLayer>("picture", "", picture, QRectF(0, 0, 64, 32));
}

} // namespace

class TestImageCanvas : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void fitShowsThePictureWholeAndCentred()
    {
        CanvasTransform transform;
        transform.fit({0, 0, 1216, 832}, {800, 600}, 16);
        const auto shown = transform.viewFromPicture(QRectF(0, 0, 1216, 832));
        QVERIFY(QRectF(16, 16, 768, 568).adjusted(-1e-6, -1e-6, 1e-6, 1e-6).contains(shown));
        QVERIFY(distance(shown.center(), {400, 300}) < 1e-9);
        QVERIFY(qAbs(shown.width() - 768) < 1e-9);
    }

    void zoomKeepsThePointUnderTheCursor()
    {
        std::mt19937 random(7);
        std::uniform_real_distribution<double> anywhere(0, 600), factor(0.5, 2);
        CanvasTransform transform;
        transform.fit({0, 0, 128, 128}, {600, 600}, 16);
        for (int i = 0; i < 200; ++i) {
            const QPointF cursor(anywhere(random), anywhere(random));
            const auto before = transform.pictureFromView(cursor);
            transform.zoomAround(cursor, factor(random));
            QVERIFY(distance(transform.pictureFromView(cursor), before) < 1e-6);
            QVERIFY(transform.scale() >= 0.02 && transform.scale() <= 64);
        }
    }

    void viewAndPictureCoordinatesAreInverse()
    {
        CanvasTransform transform;
        transform.fit({0, 0, 704, 1344}, {500, 700}, 8);
        transform.zoomAround({100, 50}, 7.3);
        transform.pan({-13, 41});
        const QPointF point(412.25, 233.75);
        QVERIFY(distance(transform.pictureFromView(transform.viewFromPicture(point)), point) < 1e-9);
    }

    void wheelZoomsAroundTheMouseAndReportsThePixel()
    {
        ImageCanvas canvas;
        canvas.resize(320, 240);
        canvas.setLayers({redPicture()}, {0, 0, 64, 32});
        canvas.show();
        const QPointF mouse(100, 110);
        const auto before = canvas.transform().pictureFromView(mouse);
        const auto scale = canvas.transform().scale();
        QSignalSpy hovered(&canvas, &ImageCanvas::hovered);
        QWheelEvent wheel(mouse, canvas.mapToGlobal(mouse), {}, {0, 240}, Qt::NoButton, Qt::NoModifier,
                          Qt::NoScrollPhase, false);
        QCoreApplication::sendEvent(&canvas, &wheel);
        QVERIFY(canvas.transform().scale() > 1.4 * scale);
        QVERIFY(distance(canvas.transform().pictureFromView(mouse), before) < 1e-6);
        QCOMPARE(hovered.count(), 1);
        QVERIFY(distance(hovered[0][0].toPointF(), before) < 1e-6);
    }

    void dragPansAndFitReturns()
    {
        ImageCanvas canvas;
        canvas.resize(320, 240);
        canvas.setLayers({redPicture()}, {0, 0, 64, 32});
        canvas.show();
        const auto fitted = canvas.transform().viewFromPicture(QPointF(0, 0));
        QTest::mousePress(&canvas, Qt::LeftButton, {}, {100, 100});
        QTest::mouseMove(&canvas, {130, 90});
        QTest::mouseRelease(&canvas, Qt::LeftButton, {}, {130, 90});
        QVERIFY(distance(canvas.transform().viewFromPicture(QPointF(0, 0)), fitted + QPointF(30, -10)) < 1e-6);
        QTest::keyClick(&canvas, Qt::Key_F);
        QVERIFY(distance(canvas.transform().viewFromPicture(QPointF(0, 0)), fitted) < 1e-6);
    }

    void staysFittedWhenTheWindowGrows()
    {
        ImageCanvas canvas;
        canvas.resize(320, 240);
        canvas.setLayers({redPicture()}, {0, 0, 64, 32});
        canvas.show();
        canvas.resize(640, 480);
        QVERIFY(distance(canvas.transform().viewFromPicture(QRectF(0, 0, 64, 32)).center(), {320, 240}) < 1);
    }

    void paintsLayersWhereTheyAreAndHidesHiddenOnes()
    {
        ImageCanvas canvas;
        canvas.resize(200, 200);
        const auto picture = redPicture();
        canvas.setLayers({picture}, {0, 0, 64, 32});
        const auto at = canvas.transform().viewFromPicture(QPointF(32, 16)).toPoint();
        QCOMPARE(canvas.grab().toImage().pixelColor(at), QColor(Qt::red));
        picture->setVisible(false);
        QVERIFY(canvas.grab().toImage().pixelColor(at) != QColor(Qt::red));
    }

    void picturesOfEveryFormatArePaintedAtEverySize()
    {
        ImageCanvas canvas;
        canvas.resize(200, 200);
        const auto colourOf = [&canvas](const QImage& picture) {
            const QRectF extent(QPointF(0, 0), QSizeF(picture.size()));
            canvas.setLayers({std::make_shared<PictureLayer>("", "", picture, extent)}, extent);
            return canvas.grab().toImage().pixelColor(100, 100);
        };
        const auto background = canvas.grab().toImage().pixelColor(100, 100);
        for (const auto size : {QSize(20, 20), QSize(100, 100), QSize(900, 900)}) { // as squares, smooth, reduced
            for (const auto format : {QImage::Format_RGB888, QImage::Format_RGB32, QImage::Format_ARGB32,
                                      QImage::Format_ARGB32_Premultiplied}) {
                QImage picture(size, format);
                picture.fill(Qt::red);
                QCOMPARE(colourOf(picture), QColor(Qt::red));
            }
            QImage grey(size, QImage::Format_Grayscale8);
            grey.fill(Qt::white);
            QCOMPARE(colourOf(grey), QColor(Qt::white));
            QImage nothing(size, QImage::Format_ARGB32);
            nothing.fill(Qt::transparent);
            QCOMPARE(colourOf(nothing), background);
        }
    }

    void layerListSwitchesLayers()
    {
        ImageCanvas canvas;
        const auto picture = redPicture();
        canvas.setLayers({picture}, {0, 0, 64, 32});
        LayerList list(&canvas);
        list.refresh();
        auto* const eye = list.findChild<QToolButton*>();
        auto* const opacity = list.findChild<QSlider*>();
        QVERIFY(eye != nullptr && opacity != nullptr);
        QSignalSpy switched(&list, &LayerList::layerSwitched);
        opacity->setValue(25);
        QCOMPARE(picture->opacity(), 0.25);
        eye->click();
        QVERIFY(!picture->visible());
        QCOMPARE(switched.count(), 2);
    }

    void layerListKeepsWhatIsInHandWhenLayersAreMadeAnew()
    {
        ImageCanvas canvas;
        canvas.setLayers({redPicture()}, {0, 0, 64, 32});
        LayerList list(&canvas);
        list.refresh();
        auto* const opacity = list.findChild<QSlider*>();
        opacity->setValue(40);
        const auto anew = redPicture(), other = std::make_shared<PictureLayer>("other", "", QImage(), QRectF());
        anew->setOpacity(0.4);
        canvas.setLayers({anew, other}, {0, 0, 64, 32});
        list.refresh();
        QCOMPARE(list.findChildren<QSlider*>().size(), 2);
        QVERIFY(list.findChildren<QSlider*>().contains(opacity)); // the same one, and of the new layer
        QCOMPARE(opacity->value(), 40);
        opacity->setValue(70);
        QCOMPARE(anew->opacity(), 0.7);
        canvas.setLayers({other}, {0, 0, 64, 32});
        list.refresh();
        QVERIFY(opacity->parentWidget()->isHidden()); // at once: no row lies over another
    }

    void theColourBarLeavesTheSightOfWhatLiesUnderIt()
    {
        ImageCanvas canvas;
        canvas.resize(400, 300);
        const auto heat = std::make_shared<HeatLayer>("heat", "", GridSize{1, 1}, QRectF(0, 0, 400, 300));
        heat->setValues({1}, {.low = 0, .high = 1, .quantity = "cosine"});
        canvas.setLayers({heat}, {0, 0, 400, 300});
        const QPoint onPlate(90, 274); // between the ends of its scale; the picture lies under it
        const auto colourAt = [&] { return canvas.grab().toImage().pixelColor(onPlate); };
        const auto plate = colourAt(), picture = canvas.grab().toImage().pixelColor(350, 100);
        QVERIFY(plate != picture);
        const auto move = [&](QPointF to) {
            QMouseEvent moved(QEvent::MouseMove, to, to, Qt::NoButton, {}, {});
            QApplication::sendEvent(&canvas, &moved);
        };
        move(onPlate);
        QCOMPARE(colourAt(), picture);
        move({350, 100});
        QCOMPARE(colourAt(), plate);
    }

    void picturesSurviveTheWayToQtAndBack()
    {
        Image image{.size = {.width = 5, .height = 3}, .rgb = {}};
        for (int i = 0; i < 45; ++i)
            image.rgb.push_back(static_cast<std::uint8_t>(i * 5));
        const auto back = imageFromQImage(qImageFromImage(image));
        QVERIFY(back.size == image.size);
        QVERIFY(back.rgb == image.rgb);
        QVERIFY(qImageFromImage({}).isNull());
    }
};

QTEST_MAIN(TestImageCanvas)
#include "tst_image_canvas.moc"
