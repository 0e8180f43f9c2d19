#include "widgets/guidance_slider.h"
#include "widgets/picture.h"

#include <QApplication>
#include <QLabel>
#include <QTest>

using namespace nanodit;

/// Pictures and marks on a screen of two pixels a unit.
class TestPicture : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void marksHaveAllPixelsOfTheScreen()
    {
        const QWidget widget;
        QCOMPARE(widget.devicePixelRatioF(), 2.0);
        const auto drawn = sharpPixmap(widget, {12, 12});
        QCOMPARE(drawn.size(), QSize(24, 24));
        QCOMPARE(drawn.devicePixelRatio(), 2.0);
        QCOMPARE(drawn.toImage().pixelColor(0, 0).alpha(), 0);
    }

    void picturesKeepTheirShapeAndFill()
    {
        const QWidget widget;
        QImage picture(64, 32, QImage::Format_RGB888);
        picture.fill(Qt::darkGreen);
        const auto fitted = fittedPixmap(widget, picture, {100, 100});
        QCOMPARE(fitted.size(), QSize(200, 100));
        QCOMPARE(fitted.devicePixelRatio(), 2.0);
    }

    void aSlidersMarkIsSharp()
    {
        const GuidanceSlider slider("Text", "how strongly", Hue::Sky);
        int marks = 0;
        for (const auto* const label : slider.findChildren<QLabel*>()) {
            const auto mark = label->pixmap();
            if (mark.isNull())
                continue;
            ++marks;
            QCOMPARE(mark.devicePixelRatio(), 2.0);
            QCOMPARE(mark.size(), QSize(24, 24));
        }
        QCOMPARE(marks, 1);
    }
};

int main(int argc, char** argv)
{
    qputenv("QT_SCALE_FACTOR", "2");
    QApplication application(argc, argv);
    TestPicture test;
    return QTest::qExec(&test, argc, argv);
}
#include "tst_picture.moc"
