#include "app/pages/validate/comparison_panel.h"
#include "app/pages/validate/milestone_list.h"
#include "app/pages/validate/validate_form.h"
#include "app/pages/validate/validate_results.h"
#include "app/pages/validate/validation_loupe.h"
#include "app/session.h"
#include "widgets/curve_legend.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/plots/curve_plot.h"
#include "widgets/theme.h"

#include <QApplication>
#include <QComboBox>
#include <QImage>
#include <QLabel>
#include <QSignalSpy>
#include <QTest>

#include <cstddef>
#include <string>
#include <vector>

using namespace nanodit;

/// Parts of the Validate page, each by itself.
class TestValidateParts : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void thePatchUnderAMouseThatRestsIsToldOfTheNextPicture()
    {
        ValidationLoupe loupe;
        QImage black(64, 64, QImage::Format_RGB32), grey(64, 64, QImage::Format_RGB32);
        black.fill(qRgb(0, 0, 0));
        grey.fill(qRgb(30, 30, 30));
        loupe.setPictures({black, black, QImage()}, 16);
        Q_EMIT loupe.canvases()[1]->hovered({20, 40});
        auto* const readout = loupe.findChild<QLabel*>("loupeReadout");
        QVERIFY2(readout->text().contains("patch r2 c1") && readout->text().contains("differs by 0.0 levels"),
                 qPrintable(readout->text()));
        loupe.setPictures({black, grey, QImage()}, 16);
        QVERIFY2(readout->text().contains("patch r2 c1") && readout->text().contains("differs by 30.0 levels"),
                 qPrintable(readout->text()));
        Q_EMIT loupe.canvases()[1]->hoverLeft();
        loupe.setPictures({black, black, QImage()}, 16);
        QVERIFY2(!readout->text().contains("patch r"), qPrintable(readout->text()));
    }

    void picturesOfTheRowBeforeMakeRoomWhenTheNewOnesAreLate()
    {
        ValidationLoupe loupe;
        QImage grey(64, 64, QImage::Format_RGB32);
        grey.fill(qRgb(30, 30, 30));
        const ValidationRow row{};
        const auto isEmpty = [&loupe] { return loupe.canvases()[0]->layers().empty(); };
        loupe.setPictures({grey, grey, QImage()}, 16);
        QVERIFY(!isEmpty());
        loupe.setRow(row, "1 of 2", {"reference", "painted", "nearest"}); // opened: nothing of another row flashes up
        QVERIFY(isEmpty());
        loupe.setPictures({grey, grey, QImage()}, 16);
        loupe.resize(600, 400);
        loupe.show();
        QVERIFY(QTest::qWaitForWindowExposed(&loupe));
        loupe.canvases()[0]->zoom(2);
        const auto scale = loupe.canvases()[0]->transform().scale();
        loupe.setRow(row, "2 of 2", {"reference", "painted", "nearest"});
        QVERIFY(!isEmpty()); // no flicker where they come soon
        loupe.setPictures({grey, grey, QImage()}, 16);
        QTest::qWait(400);
        QVERIFY(!isEmpty());
        loupe.setRow(row, "1 of 2", {"reference", "painted", "nearest"});
        QTRY_VERIFY_WITH_TIMEOUT(isEmpty(), 60000);
        loupe.findChild<QComboBox*>("loupeOverlay")->setCurrentIndex(2); // has nothing to lie over
        QVERIFY(isEmpty());
        loupe.setPictures({grey, grey, QImage()}, 16);
        QVERIFY(!isEmpty());
        QCOMPARE(loupe.canvases()[0]->transform().scale(), scale);
    }

    void theLossOfOneRunHasTheColourOfWhatIsShown()
    {
        ComparisonPanel panel;
        const auto hues = [&panel](const ShownValidation& shown) {
            panel.show(shown);
            std::vector<Hue> found;
            for (const auto* const plot : panel.findChildren<CurvePlot*>()) {
                if (plot->accessibleName() != QLatin1String("Training loss"))
                    continue;
                for (const auto& entry : plot->legend()->entries())
                    found.push_back(entry.hue);
            }
            return found;
        };
        const std::vector<CoursePoint> points = {{.step = 1, .mean = 2, .interval = {}},
                                                 {.step = 2, .mean = 1, .interval = {}}};
        ShownValidation shown;
        shown.report.run = "small";
        shown.name = "small";
        shown.baseline = shown.report; // of another step
        shown.baselineName = "small";
        shown.losses = {{.run = "small", .points = points}};
        const auto one = hues(shown);
        QCOMPARE(one.size(), std::size_t{1});
        shown.baseline->run = "reference";
        shown.baselineName = "reference";
        shown.losses = {{.run = "reference", .points = points}, {.run = "small", .points = points}};
        const auto two = hues(shown);
        QCOMPARE(two.size(), std::size_t{2});
        QVERIFY(two[0] != two[1]);
        QVERIFY(one[0] == two[1]);
    }

    void theCheckListIsReadAsItIsWritten()
    {
        Milestone milestone;
        milestone.name = "<b>a run</b>";
        milestone.found = "<i>0.5</i>";
        milestone.expected = "more than <u>0.6</u>";
        MilestoneList list;
        list.setMilestones({milestone});
        int texts = 0;
        for (const auto* const label : list.findChildren<QLabel*>()) {
            if (label->text().isEmpty())
                continue; // the mark
            ++texts;
            QCOMPARE(label->textFormat(), Qt::PlainText);
            QVERIFY2(label->toolTip().contains("&lt;u&gt;"), qPrintable(label->toolTip()));
        }
        QCOMPARE(texts, 2);
    }

    void modelsAreListedAgainOnceTheOpenListHasClosed()
    {
        ValidationSubject one, two;
        one.run = "one";
        two.run = "two";
        ValidateForm form(session_);
        QSignalSpy listed(&form, &ValidateForm::subjectsListed);
        form.setSubjects({one});
        QCOMPARE(listed.count(), 1);
        form.resize(400, 600);
        form.show();
        QVERIFY(QTest::qWaitForWindowExposed(&form));
        auto* const models = form.findChild<QComboBox*>("validateModel");
        models->showPopup();
        form.setSubjects({two, one});
        QCOMPARE(models->count(), 1);
        QCOMPARE(form.subject()->run, std::string("one"));
        models->hidePopup();
        QTRY_COMPARE_WITH_TIMEOUT(listed.count(), 2, 60000);
        QCOMPARE(models->count(), 2);
        QCOMPARE(form.subject()->run, std::string("one"));
    }

    void metricsAreListedAgainOnceTheOpenListHasClosed()
    {
        const auto courseOf = [](ValidationTask task) {
            return MetricCourse{
                .run = "small",
                .task = task,
                .metric = "psnr",
                .points = {{.step = 1, .mean = 2, .interval = {}}, {.step = 2, .mean = 1, .interval = {}}}};
        };
        ShownValidation shown;
        shown.report.run = "small";
        shown.name = "small";
        shown.baseline = shown.report;
        shown.baselineName = "reference";
        shown.courses = {courseOf(ValidationTask::TextOnly)};
        ComparisonPanel panel;
        panel.show(shown);
        panel.resize(800, 600);
        static_cast<QWidget&>(panel).show();
        QVERIFY(QTest::qWaitForWindowExposed(&panel));
        auto* const choice = panel.findChild<QComboBox*>("course");
        QCOMPARE(choice->count(), 1);
        const auto before = choice->currentText();
        choice->showPopup();
        shown.courses = {courseOf(ValidationTask::Reconstruction), courseOf(ValidationTask::TextOnly)};
        panel.show(shown); // as when a validation has ended
        QCOMPARE(choice->count(), 1);
        choice->hidePopup();
        QTRY_COMPARE_WITH_TIMEOUT(choice->count(), 2, 60000);
        QCOMPARE(choice->currentText(), before);
    }

    void aRunIsChosenByItsNameNotByTheBeginningOfAnother()
    {
        ValidationSubject longer, named;
        longer.run = "small 2";
        longer.report = "somewhere";
        named.run = "small";
        ValidateForm form(session_);
        form.setSubjects({longer, named});
        form.chooseSubject("small");
        QCOMPARE(form.subject()->run, std::string("small"));
    }

private:
    Theme theme_{*qApp};
    Session session_; ///< with no workspace open
};

QTEST_MAIN(TestValidateParts)
#include "tst_validate_parts.moc"
