#include "widgets/cell_layers.h"
#include "widgets/grid_correspondence.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"

#include <QSignalSpy>
#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <utility>

using namespace nanodit;

namespace {

double linear(int channel)
{
    const double c = channel / 255.0;
    return c <= 0.04045 ? c / 12.92 : std::pow((c + 0.055) / 1.055, 2.4);
}

/// CIE L*a*b* of an sRGB colour (D65).
std::array<double, 3> lab(QRgb colour)
{
    const double r = linear(qRed(colour)), g = linear(qGreen(colour)), b = linear(qBlue(colour));
    const auto f = [](double t) { return t > 0.008856 ? std::cbrt(t) : 7.787 * t + 16.0 / 116; };
    const double x = f((0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.9505);
    const double y = f(0.2126 * r + 0.7152 * g + 0.0722 * b);
    const double z = f((0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.089);
    return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

std::shared_ptr<HeatLayer> heat(const QRectF& box)
{
    return std::make_shared<HeatLayer>("heat", "", GridSize{.rows = 2, .cols = 4}, box);
}

} // namespace

/// Layers of cells over a picture, and which cells of two grids lie over each other.
class TestCellLayers : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void colourStepsLookEquallyLargeAndGrowLighter()
    {
        double smallest = 1e9, largest = 0, before = -1;
        for (int i = 0; i <= 64; ++i) {
            const auto here = lab(heatColour(i / 64.0));
            QVERIFY2(here[0] > before, qPrintable(QString::number(i))); // also in grey, and to the colour blind
            before = here[0];
            if (i == 0)
                continue;
            const auto last = lab(heatColour((i - 1) / 64.0));
            const double step = std::hypot(here[0] - last[0], here[1] - last[1], here[2] - last[2]);
            smallest = std::min(smallest, step);
            largest = std::max(largest, step);
        }
        QVERIFY2(largest / smallest < 3, qPrintable(QStringLiteral("%1 %2").arg(smallest).arg(largest)));
        QCOMPARE(heatColour(-4), heatColour(0));
        QCOMPARE(heatColour(9), heatColour(1));
        QCOMPARE(qAlpha(heatColour(std::nan(""))), 0);
    }

    void cellsLieWhereTheyBelong()
    {
        ImageCanvas canvas;
        canvas.resize(400, 240);
        const auto layer = heat({0, 0, 64, 32});
        layer->setValues({0, 0, 0, 0, 0, 0, 1, 0}, {.low = 0, .high = 1, .quantity = "cosine"});
        canvas.setLayers({layer}, {0, 0, 64, 32});
        const auto shown = canvas.grab().toImage();
        const auto colourAt = [&](QPointF point) {
            return shown.pixelColor(canvas.transform().viewFromPicture(point).toPoint()).rgb();
        };
        QCOMPARE(colourAt({40, 24}), heatColour(1)); // row 1, column 2
        QCOMPARE(colourAt({40, 8}), heatColour(0));
        QCOMPARE(colourAt({56, 8}), heatColour(0));
        QCOMPARE(*layer->valueAt({40, 24}), 1.F);
        QCOMPARE(*layer->valueAt({63.9, 31.9}), 0.F);
        QVERIFY(!layer->valueAt({65, 3}).has_value());
    }

    void picturesUnderNumbersLoseTheirColours()
    {
        ImageCanvas canvas;
        canvas.resize(200, 200);
        QImage red(64, 64, QImage::Format_RGB888);
        red.fill(QColor(200, 20, 20));
        const auto picture = std::make_shared<PictureLayer>("picture", "", red, QRectF(0, 0, 64, 64));
        const auto layer = heat({0, 0, 32, 32});
        layer->setValues(std::vector<float>(8, 0.5F), {});
        canvas.setLayers({picture, layer}, {0, 0, 64, 64});
        const auto at = canvas.transform().viewFromPicture(QPointF(48, 16)).toPoint();
        const auto muted = canvas.grab().toImage().pixelColor(at);
        QCOMPARE(muted.red(), muted.green());
        QCOMPARE(muted.green(), muted.blue());
        layer->setVisible(false);
        QCOMPARE(canvas.grab().toImage().pixelColor(at), QColor(200, 20, 20));
    }

    void twoCanvasesShowTheSamePart()
    {
        ImageCanvas first, second;
        first.resize(400, 300);
        second.resize(200, 300);
        const auto layer = heat({0, 0, 64, 32});
        for (auto* const canvas : {&first, &second})
            canvas->setLayers({layer}, {0, 0, 64, 32});
        first.zoom(3);
        second.showSamePart(first);
        QCOMPARE(second.transform().scale(), first.transform().scale());
        const auto middle = second.transform().pictureFromView(QPointF(100, 150));
        QVERIFY(QLineF(middle, first.transform().pictureFromView(QPointF(200, 150))).length() < 1e-6);
        first.fit();
        second.showSamePart(first);
        QVERIFY(second.transform().scale() < first.transform().scale()); // whole, in a narrower view
    }

    void aClickIsReportedAndADragIsNot()
    {
        ImageCanvas canvas;
        canvas.resize(400, 300);
        canvas.setLayers({heat({0, 0, 64, 32})}, {0, 0, 64, 32});
        canvas.show();
        QSignalSpy clicked(&canvas, &ImageCanvas::clicked);
        QTest::mouseClick(&canvas, Qt::LeftButton, {}, {200, 150});
        QCOMPARE(clicked.count(), 1);
        QTest::mousePress(&canvas, Qt::LeftButton, {}, {200, 150});
        QTest::mouseMove(&canvas, {240, 150});
        QTest::mouseRelease(&canvas, Qt::LeftButton, {}, {240, 150});
        QCOMPARE(clicked.count(), 1);
    }

    void followsTheMouseOverALargePicture()
    {
        ImageCanvas canvas;
        canvas.resize(900, 700);
        QImage picture(1024, 1024, QImage::Format_RGB888);
        picture.fill(Qt::gray);
        const QRectF box(0, 0, 1024, 1024);
        const auto layer = std::make_shared<HeatLayer>("heat", "", GridSize{.rows = 64, .cols = 64}, box);
        canvas.setLayers({std::make_shared<PictureLayer>("picture", "", picture, box), layer}, box);
        double best = 1e9;
        for (int frame = 0; frame < 6; ++frame) { // other programs can spoil one, though they take none of its time
            const auto start = std::clock();
            layer->setValues(std::vector<float>(4096, static_cast<float>(frame) / 6), {});
            (void)canvas.grab();
            best = std::min(best, 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
        }
        qInfo("one frame: %.1f ms of the processor", best);
        QVERIFY2(best < 330, qPrintable(QString::number(best))); // a tenth of that is usual
    }

    void rangesLeaveOutTheOutermost()
    {
        std::vector<float> values;
        for (int i = 0; i <= 1000; ++i)
            values.push_back(static_cast<float>(i));
        QCOMPARE(rangeOf(values), (std::pair<double, double>{0, 1000}));
        QCOMPARE(rangeOf(values, 0.01), (std::pair<double, double>{10, 990}));
        QCOMPARE(rangeOf({}), (std::pair<double, double>{0, 0}));
    }

    void dinov3PatchesAreLatentTokens()
    {
        const auto grids = gridPair({1024, 1024}, 16);
        for (double y = 4; y < 1024; y += 37) {
            for (double x = 4; x < 1024; x += 53) {
                const auto at = correspondenceAt(grids, x, y);
                QVERIFY(at.has_value());
                QVERIFY(at->latentTokens.first == at->patch);
                QVERIFY(at->latentTokens.last == at->patch);
            }
        }
    }

    void describesWhatLiesUnderAPixel()
    {
        const auto at = correspondenceAt(gridPair({1024, 1024}, 16), 412, 233);
        QVERIFY(at.has_value());
        QCOMPARE(describe(*at),
                 QStringLiteral("pixel 412,233 · patch r14 c25 · latent tokens r14 c25 · box 400-416, 224-240 px"));
    }

    void dinov2PatchesStraddleLatentTokens()
    {
        // 73 x 73 patches over 64 x 64 tokens: some patches lie across two tokens each way.
        const auto grids = gridPair({1024, 1024}, 14);
        const auto at = correspondenceAt(grids, 1024.0 / 73 + 2, 1024.0 / 73 + 2);
        QVERIFY(at.has_value());
        QVERIFY((at->patch == GridCell{1, 1}));
        QVERIFY((at->latentTokens.first == GridCell{0, 0}));
        QVERIFY((at->latentTokens.last == GridCell{1, 1}));
        QVERIFY(describe(*at).contains("latent tokens r0-1 c0-1"));
    }

    void outsideThePictureThereIsNothing()
    {
        const auto grids = gridPair({128, 96}, 16);
        for (const auto& [x, y] : {std::pair{-0.1, 5.0}, {128.0, 5.0}, {5.0, 96.0}, {5.0, -1.0}})
            QVERIFY(!correspondenceAt(grids, x, y).has_value());
        QVERIFY(correspondenceAt(grids, 127.9, 95.9).has_value());
    }
};

QTEST_MAIN(TestCellLayers)
#include "tst_cell_layers.moc"
