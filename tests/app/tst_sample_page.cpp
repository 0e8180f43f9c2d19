#include "app/pages/sample/sample_form.h"
#include "app/pages/sample/sample_page.h"
#include "app/sampling.h"
#include "core/front/sampling.h"
#include "tests/app/window_test.h"
#include "widgets/guidance_anatomy.h"
#include "widgets/guidance_plane_view.h"
#include "widgets/guidance_slider.h"
#include "widgets/image_canvas.h"

#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>

using namespace nanodit;

namespace {
constexpr int scenes = 20;
}

/// The Sample page as an instrument: its plane, its anatomy, and the picture that follows the sliders.
class TestSamplePage : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(openWindow());
        const auto failure = makeDemo(scenes);
        QVERIFY2(failure.isEmpty(), qPrintable(failure));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        window_->showPage(Page::Sample);
        find<QSpinBox>("steps")->setValue(2);
        settle();
    }

    void cleanupTestCase() { closeWindow(); }

    void aPlaneNeedsACondition()
    {
        find<QLineEdit>("prompt")->clear();
        form()->setReference(NoReference{});
        find<QPushButton>("planeButton")->click();
        QVERIFY(!find<QPushButton>("planeButton")->isChecked());
        QVERIFY(!sampling().busy());
    }

    void aPlaneFillsAndACellIsKept()
    {
        find<QLineEdit>("prompt")->setText("a red circle at the top left");
        QSignalSpy cells(&sampling(), &Sampling::cellGenerated), done(&sampling(), &Sampling::planeFinished);
        find<QPushButton>("planeButton")->click();
        QTRY_COMPARE_WITH_TIMEOUT(done.count(), 1, 2 * minute);
        QCOMPARE(cells.count(), 5); // without a reference only text is guided
        auto* const plane = find<GuidancePlaneView>("guidancePlane");
        QVERIFY(plane->isVisible());
        QCOMPARE(plane->rows(), 5);
        QCOMPARE(plane->cols(), 1);
        QCOMPARE(sampling().planeSheet().empty(), false);

        // The sliders' mark moves with them.
        form()->findChild<GuidanceSlider*>("textScale")->setValue(plane->textScale(1));
        QVERIFY(plane->pointAt() && plane->cellRect(1, 0).contains(*plane->pointAt()));

        QSignalSpy kept(&sampling(), &Sampling::finished);
        QTest::mouseClick(plane, Qt::LeftButton, {}, plane->cellRect(3, 0).center().toPoint());
        QTRY_COMPARE_WITH_TIMEOUT(kept.count(), 1, minute);
        const auto picture = kept[0][0].value<SampledPicture>();
        QCOMPARE(picture.request->textScale, plane->textScale(3));
        QCOMPARE(form()->request().textScale, plane->textScale(3));
        QCOMPARE(sampleRequestFromPng(picture.file.toStdString())->textScale, plane->textScale(3));
        QVERIFY(!plane->isVisible());

        // Shown again it is not generated again; another prompt is another plane.
        find<QPushButton>("planeButton")->click();
        QVERIFY(plane->isVisible() && !sampling().busy());
        find<QPushButton>("planeButton")->click();
        find<QLineEdit>("prompt")->setText("a blue square");
        find<QPushButton>("planeButton")->click();
        QVERIFY(sampling().busy());
        QTRY_COMPARE_WITH_TIMEOUT(done.count(), 2, 2 * minute);
        settle();
        find<QPushButton>("planeButton")->click();
    }

    void anatomyBelongsToThePictureThatIsShown()
    {
        find<QPushButton>("anatomyButton")->setChecked(true);
        QSignalSpy finished(&sampling(), &Sampling::finished);
        find<QPushButton>("generate")->click();
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 2 * minute);
        settle();
        const auto picture = finished[0][0].value<SampledPicture>();
        QCOMPARE(picture.guidance.size(), std::size_t{2});
        QVERIFY(picture.guidance[0].text && !picture.guidance[0].dino);
        QVERIFY(find<GuidanceAnatomy>("guidanceAnatomy")->isVisible());
    }

    void thePictureFollowsTheSlidersAndTheLastWishWins()
    {
        find<QCheckBox>("live")->setChecked(true);
        QSignalSpy followed(&sampling(), &Sampling::followed), finished(&sampling(), &Sampling::finished);
        auto* const slider = form()->findChild<GuidanceSlider*>("textScale");
        for (const double scale : {1.0, 2.0, 3.0, 4.0})
            slider->setValue(scale);
        QVERIFY(!sampling().active()); // Generate stays ready
        QTRY_VERIFY_WITH_TIMEOUT(!sampling().busy() && followed.count() >= 2, minute);
        QVERIFY(followed.count() < 8); // those between were passed over
        QVERIFY(followed.last()[1].toBool());
        QCOMPARE(finished.count(), 0); // nothing is written
        // Generate while one follows: the picture of the form comes.
        slider->setValue(5);
        find<QPushButton>("generate")->click();
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, minute);
        QCOMPARE(finished[0][0].value<SampledPicture>().request->textScale, 5.0);
        find<QCheckBox>("live")->setChecked(false);
    }

    void solverAndRuleAreOfTheRequest()
    {
        find<QComboBox>("solver")->setCurrentIndex(2);
        find<QComboBox>("guidanceRule")->setCurrentIndex(1);
        auto request = form()->request();
        QVERIFY(request.solver == Solver::Multistep && request.guidanceRule == GuidanceRule::CfgZero);
        request.solver = Solver::Heun;
        request.guidanceRule = GuidanceRule::Projected;
        form()->setRequest(request);
        QCOMPARE(find<QComboBox>("solver")->currentIndex(), 1);
        QCOMPARE(find<QComboBox>("guidanceRule")->currentIndex(), 2);
    }

private:
    template<typename Widget>
    Widget* find(const char* name) const
    {
        return window_->findChild<SamplePage*>()->findChild<Widget*>(QLatin1String(name));
    }
    SampleForm* form() const { return window_->findChild<SampleForm*>(); }
    Sampling& sampling() const { return controllers_->sampling; }
    void settle() const
    {
        QTRY_VERIFY_WITH_TIMEOUT(window_->findChild<SamplePage*>()->settled() && session_->idle(), minute);
    }
};

QTEST_MAIN(TestSamplePage)
#include "tst_sample_page.moc"
