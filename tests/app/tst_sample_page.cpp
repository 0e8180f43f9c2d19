#include "app/pages/sample/history_panel.h"
#include "app/pages/sample/picture_stage.h"
#include "app/pages/sample/sample_form.h"
#include "app/pages/sample/sample_page.h"
#include "app/sampling.h"
#include "core/front/attention.h"
#include "core/front/sampling.h"
#include "core/io/image.h"
#include "tests/app/sample_test.h"
#include "tests/support/active_window.h"
#include "widgets/guidance_anatomy.h"
#include "widgets/guidance_plane_view.h"
#include "widgets/guidance_slider.h"
#include "widgets/image_canvas.h"
#include "widgets/picture_comparison.h"
#include "widgets/picture_tiles.h"
#include "widgets/prompt_edit.h"

#include <QAction>
#include <QCheckBox>
#include <QComboBox>
#include <QLineEdit>
#include <QPushButton>
#include <QSpinBox>
#include <QToolButton>

#include <algorithm>
#include <filesystem>

using namespace nanodit;

namespace {
constexpr int scenes = 20;
}

/// The Sample page as an instrument: its plane, its anatomy, and the picture that follows the sliders.
class TestSamplePage : public test::SampleTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QVERIFY(openWindow());
        openSamplePage(scenes);
    }

    void cleanupTestCase() { closeWindow(); }

    /// The first test: nothing was generated or typed yet. A prompt and a record that contradict each other give a
    /// smear.
    void aNewWorkspaceOffersAPromptAndARecordThatAgree()
    {
        const auto request = form()->request();
        const auto* const reference = std::get_if<RecordReference>(&request.reference);
        QVERIFY(reference != nullptr);
        const auto* const record = session_->record(QString::fromStdString(reference->id));
        QVERIFY(record != nullptr);
        QCOMPARE(record->split, std::string("val")); // which the model was not trained on
        QCOMPARE(find<PromptEdit>("prompt")->toPlainText(), QString::fromStdString(record->caption));
        QVERIFY(request.size == record->bucket);
    }

    void aComparisonThatIsReadyAfterAnotherViewWasChosenDoesNotReplaceIt()
    {
        std::vector<PictureStage::Compared> two;
        for (const auto* const name : {"first.png", "second.png"}) {
            QImage picture(8, 8, QImage::Format_RGB888);
            picture.fill(Qt::gray);
            QVERIFY(picture.save(path(name)));
            two.push_back({.file = path(name), .label = QString::fromLatin1(name)});
        }
        PictureStage stage(*session_);
        stage.compare(two);
        stage.showView(PictureStage::View::Plane); // while they are read
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(stage.view(), PictureStage::View::Plane);
        stage.compare(two);
        QTRY_COMPARE_WITH_TIMEOUT(stage.view(), PictureStage::View::Comparison, minute);
    }

    void aPlaneNeedsACondition()
    {
        find<PromptEdit>("prompt")->clear();
        form()->setReference(NoReference{});
        find<QPushButton>("planeButton")->click();
        QVERIFY(!find<QPushButton>("planeButton")->isChecked());
        QVERIFY(!sampling().busy());
    }

    void aPlaneFillsAndACellIsKept()
    {
        find<PromptEdit>("prompt")->setText("a red circle at the top left");
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
        // Saved is what was there when the file was asked for, though another plane is begun meanwhile.
        const auto sheet = sampling().planeSheet();
        dialogs_.nextPath = path("plane.png");
        dialogs_.whileAsked = [this] {
            find<QPushButton>("planeButton")->click();
            find<PromptEdit>("prompt")->setText("a blue square");
            find<QPushButton>("planeButton")->click();
        };
        for (auto* const action : page()->actions()) {
            if (action->text().startsWith("Save PNG"))
                action->trigger();
        }
        QVERIFY(sampling().busy());
        QTRY_COMPARE_WITH_TIMEOUT(done.count(), 2, 2 * minute);
        settle();
        QVERIFY(readImage(folder_ / "plane.png").rgb == sheet.rgb);
        find<QPushButton>("planeButton")->click();
    }

    void anatomyBelongsToThePictureThatIsShown()
    {
        find<QPushButton>("anatomyButton")->click();
        QSignalSpy finished(&sampling(), &Sampling::finished);
        find<QPushButton>("generate")->click();
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 2 * minute);
        settle();
        const auto picture = finished[0][0].value<SampledPicture>();
        QCOMPARE(picture.guidance.size(), std::size_t{2});
        QVERIFY(picture.guidance[0].text && !picture.guidance[0].dino);
        QVERIFY(find<GuidanceAnatomy>("guidanceAnatomy")->isVisible());
    }

    void eachBranchAloneFillsAStrip()
    {
        QSignalSpy generated(&sampling(), &Sampling::seriesGenerated), done(&sampling(), &Sampling::seriesFinished);
        find<QPushButton>("branchesAlone")->click();
        QTRY_COMPARE_WITH_TIMEOUT(done.count(), 1, 2 * minute);
        settle();
        QCOMPARE(generated.count(), 2); // there is no reference
        QCOMPARE(generated[0][1].value<SampledPicture>().request->textScale, 0.0);
        QCOMPARE(generated[1][1].value<SampledPicture>().request->textScale, 1.0);
        auto* const tiles = find<PictureTiles>("seriesTiles");
        QVERIFY(tiles->isVisible());
        QCOMPARE(tiles->count(), 2);
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
        QVERIFY(find<QDoubleSpinBox>("internalScale")->isHidden());
        request.guidanceRule = GuidanceRule::Internal;
        request.internalScale = 2.25;
        form()->setRequest(request);
        QVERIFY(!find<QDoubleSpinBox>("internalScale")->isHidden());
        QCOMPARE(form()->request().internalScale, 2.25);
        request.guidanceRule = GuidanceRule::Plain; // the model has no internal head
        form()->setRequest(request);
    }

    void severalSeedsFillAStrip()
    {
        find<PromptEdit>("prompt")->setText("a green triangle");
        find<QSpinBox>("pictures")->setValue(3);
        QSignalSpy generated(&sampling(), &Sampling::seriesGenerated), done(&sampling(), &Sampling::seriesFinished);
        const auto seed = form()->request().seed;
        find<QPushButton>("generate")->click();
        QTRY_COMPARE_WITH_TIMEOUT(done.count(), 1, 2 * minute);
        settle();
        find<QSpinBox>("pictures")->setValue(1);
        QCOMPARE(generated.count(), 3);
        auto* const tiles = find<PictureTiles>("seriesTiles");
        QVERIFY(tiles->isVisible());
        QCOMPARE(tiles->count(), 3);
        QStringList files;
        for (int i = 0; i < 3; ++i) {
            const auto picture = generated[i][1].value<SampledPicture>();
            QCOMPARE(picture.request->seed, seed + static_cast<std::uint64_t>(i));
            QVERIFY(QFile::exists(picture.file));
            files << picture.file;
        }
        QTest::mouseClick(tiles, Qt::LeftButton, {}, tiles->tileRect(1).center().toPoint());
        QVERIFY(!tiles->isVisible());
        QCOMPARE(history()->current(), files[1]);

        // Two of them held against each other.
        Q_EMIT history()->compareWanted({files[0], files[2]});
        QTRY_VERIFY_WITH_TIMEOUT(find<PictureComparison>("comparison")->isVisible(), minute);
        find<PictureComparison>("comparison")->setMode(PictureComparison::Mode::Difference);
        QVERIFY(find<PictureComparison>("comparison")->readout().contains("mean difference"));
        find<QToolButton>("closeComparison")->click();
        QVERIFY(find<ImageCanvas>("sampleCanvas")->isVisible());
    }

    void aPictureThatIsAskedForIsNotReplacedByOneThatFollowsTheSliders()
    {
        const auto request = form()->request();
        QSignalSpy finished(&sampling(), &Sampling::finished), followed(&sampling(), &Sampling::followed);
        sampling().follow(request, form()->checkpoint());
        sampling().generate(request, form()->checkpoint());
        sampling().follow(request, form()->checkpoint()); // while the first ends, a slider still moves
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, 2 * minute);
        followed.clear();
        QTRY_VERIFY_WITH_TIMEOUT(!sampling().busy(), minute);
        settle();
        QVERIFY(followed.isEmpty());
    }

    void aRestoredSizeStaysThoughNoRecordHasIt()
    {
        const auto before = form()->request();
        auto request = before;
        request.size = {.width = 320, .height = 64};
        form()->setRequest(request);
        session_->refreshRecords(); // as whenever one is edited
        settle();
        QVERIFY(form()->request().size == request.size);
        form()->setRequest(before);
    }

    void theCheckpointsOfARunAreKnownWithoutAskingTheDisk()
    {
        const auto* const run = newestRun(session_->runs());
        QVERIFY(run != nullptr);
        const auto aside = run->folder.parent_path() / "aside";
        std::filesystem::rename(run->folder, aside); // asked while a slider moves, it might be slow to answer
        const auto known = form()->checkpointsOfRun();
        const bool others = form()->hasOtherCheckpoints();
        std::filesystem::rename(aside, run->folder);
        QVERIFY(known == run->checkpoints);
        QCOMPARE(others, run->checkpoints.size() > 1);
    }

    void aPictureIsGeneratedWithTheEncodersThatTheSettingsNameNow()
    {
        QVERIFY(!generate().picture.isNull());
        const auto before = session_->workspace();
        auto other = before;
        other.config.vae.clear();
        session_->takeSettings(other);
        settle();
        QSignalSpy failed(&sampling(), &Sampling::failed);
        find<QPushButton>("generate")->click();
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        const auto why = noticeText(failed[0][0].value<Notice>());
        QVERIFY2(why.contains("names no autoencoder"), qPrintable(why));
        settle();
        session_->takeSettings(before); // as the button in the banner leads to
        settle();
        QVERIFY(!generate().picture.isNull());
    }

    // The two last ones: afterwards another workspace is open.

    void theAttentionPageUsesTheModelOfTheSamplePage()
    {
        const auto& record = session_->records().front();
        auto request = form()->request();
        request.prompt.clear();
        request.textRecord = record.id;
        request.reference = RecordReference{record.id};
        request.size = record.bucket;
        QSignalSpy finished(&sampling(), &Sampling::finished);
        sampling().generate(request, form()->checkpoint());
        QTRY_COMPARE_WITH_TIMEOUT(finished.count(), 1, minute);
        settle();
        const auto before = modelsInMemory();
        QVERIFY(before.used > 0);
        const auto attention = AttentionSession::open(session_->workspace(), form()->checkpoint(), session_->device());
        AttentionSubject subject;
        subject.record = record.id;
        QVERIFY(attention->look(subject));
        QCOMPARE(modelsInMemory().values, before.values);
        QCOMPARE(modelsInMemory().bytes, before.bytes);
    }

    void leavingTheWorkspaceGivesItsModelsBack()
    {
        QVERIFY(modelsInMemory().values > 0);
        const auto left = session_->workspace();
        const auto file = history()->current();
        auto* const note = find<QLineEdit>("historyNote");
        QVERIFY(test::activate(*window_));
        note->setFocus();
        QTRY_VERIFY_WITH_TIMEOUT(note->hasFocus(), minute);
        QTest::keyClicks(note, "written while leaving");
        QSignalSpy changed(session_.get(), &Session::workspaceChanged);
        session_->createWorkspace(path("another"), [] {});
        QTRY_COMPARE_WITH_TIMEOUT(changed.count(), 1, minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QTRY_COMPARE_WITH_TIMEOUT(modelsInMemory().values, std::size_t(0), minute);
        const auto read = readSampledBefore(left).pictures; // a note that nobody ended is kept, where it belongs
        const auto noted = std::ranges::find(read, file, &SampledPicture::file);
        QVERIFY(noted != read.end());
        QCOMPARE(noted->note.text, std::string("written while leaving"));
    }
};

QTEST_MAIN(TestSamplePage)
#include "tst_sample_page.moc"
