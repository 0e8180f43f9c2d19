#include "widgets/guidance_plane_view.h"

#include <QSignalSpy>
#include <QTest>

using namespace nanodit;

namespace {

QImage filled(const QColor& colour)
{
    QImage picture(32, 24, QImage::Format_RGB32);
    picture.fill(colour);
    return picture;
}

} // namespace

class TestGuidancePlaneView : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init()
    {
        view_ = std::make_unique<GuidancePlaneView>();
        view_->resize(500, 400);
        view_->begin({0, 2, 4}, {1, 3}, {32, 24});
    }

    void picturesStandAtTheirScales()
    {
        view_->setPicture(2, 1, filled(Qt::green));
        const auto shown = view_->grab().toImage();
        const auto centre = view_->cellRect(2, 1).center().toPoint();
        QCOMPARE(shown.pixelColor(centre), QColor(Qt::green));
        QVERIFY(shown.pixelColor(view_->cellRect(0, 0).center().toPoint()) != QColor(Qt::green));
        const auto cell = view_->cellRect(2, 1);
        QVERIFY(std::abs(cell.width() / cell.height() - 32.0 / 24.0) < 0.02);
        QVERIFY(QRectF(view_->rect()).contains(cell));
    }

    void thePointLiesBetweenItsScales()
    {
        QVERIFY(!view_->pointAt());
        view_->setPoint(3, 2);
        const auto mark = view_->pointAt();
        QVERIFY(mark);
        QVERIFY(std::abs(mark->y() - (view_->cellRect(1, 0).center().y() + view_->cellRect(2, 0).center().y()) / 2) <
                2);
        QVERIFY(std::abs(mark->x() - (view_->cellRect(0, 0).center().x() + view_->cellRect(0, 1).center().x()) / 2) <
                2);
        view_->setPoint(5, 2);
        QVERIFY(!view_->pointAt());
        view_->setPoint(4, 3); // the last of both
        QVERIFY((*view_->pointAt() - view_->cellRect(2, 1).center()).manhattanLength() < 3);
    }

    void aPictureOpensByMouseAndKeys()
    {
        QSignalSpy opened(view_.get(), &GuidancePlaneView::opened);
        QTest::mouseClick(view_.get(), Qt::LeftButton, {}, view_->cellRect(1, 1).center().toPoint());
        QCOMPARE(opened.count(), 0); // not there yet
        view_->setPicture(1, 1, filled(Qt::red));
        QTest::mouseClick(view_.get(), Qt::LeftButton, {}, view_->cellRect(1, 1).center().toPoint());
        QCOMPARE(opened.count(), 1);
        view_->setPicture(2, 0, filled(Qt::blue));
        QTest::keyClick(view_.get(), Qt::Key_Down);
        QTest::keyClick(view_.get(), Qt::Key_Left);
        QTest::keyClick(view_.get(), Qt::Key_Left); // stays in the plane
        QCOMPARE(view_->accessibleDescription(), QString("text 4, DINO 1"));
        QTest::keyClick(view_.get(), Qt::Key_Return);
        QCOMPARE(opened.count(), 2);
        QCOMPARE(opened.last().at(0).toInt(), 2);
        QCOMPARE(opened.last().at(1).toInt(), 0);
    }

private:
    std::unique_ptr<GuidancePlaneView> view_;
};

QTEST_MAIN(TestGuidancePlaneView)
#include "tst_guidance_plane_view.moc"
