#include "app/pages/attention/edit_history.h"
#include "app/record_names.h"
#include "core/front/sampling.h"
#include "core/io/atomic_file.h"
#include "tests/app/attention_test.h"
#include "widgets/banner.h"
#include "widgets/seed_edit.h"

#include <QCheckBox>
#include <QElapsedTimer>
#include <QLineEdit>
#include <QSignalSpy>
#include <QSpinBox>
#include <QToolButton>

#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

using namespace nanodit;

/// Films, changes of what the model sees, other models and painted pictures on the attention page.
class TestAttentionChanges : public test::AttentionTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { openPage(); }
    void cleanupTestCase() { closePage(); }

    void aFilmOverTimePlaysPausesAndIsSaved()
    {
        auto* const play = find<QToolButton>("attentionPlay");
        click(picture(), picture()->cellRect(27));
        QTest::keyClick(page_.get(), Qt::Key_Space); // none yet: it is made
        settle();
        auto* const leave = find<QToolButton>("attentionLeaveFilm");
        QTRY_VERIFY_WITH_TIMEOUT(leave->isVisible(), minute);
        QCOMPARE(time()->maximum(), 29); // thirty steps
        QTRY_VERIFY_WITH_TIMEOUT(time()->value() > 0, minute);
        QTest::mouseClick(play, Qt::LeftButton);
        const auto paused = time()->value();
        QTest::qWait(400);
        QCOMPARE(time()->value(), paused);
        time()->setValue(0);
        const auto noise = patches()->values();
        time()->setValue(29);
        QVERIFY(patches()->values() != noise); // without waiting
        keepPicture("film");
        QTest::keyClick(page_.get(), Qt::Key_BracketLeft);
        QCOMPARE(time()->value(), 28);

        const auto gif = exported("exportFilm", "film.gif");
        QVERIFY(readTextFile(gif).starts_with("GIF89a"));
        const auto numbers = exported("exportFilmNumbers", "film.npz");
        QVERIFY(std::filesystem::file_size(numbers) > 10000);

        // Another token: the same moment, in the sampling that the film shows.
        click(picture(), picture()->cellRect(0));
        QVERIFY(!leave->isVisible());
        QVERIFY(find<QCheckBox>("attentionAlong")->isChecked());
        QVERIFY(time()->value() < 10);
        find<QCheckBox>("attentionAlong")->setChecked(false);
        time()->setValue(80);
        settle();
    }

    void theWayBackIsFilmedOverTheTraining()
    {
        auto* const checkpoints = find<QComboBox>("attentionCheckpoints");
        const auto before = checkpoints->currentIndex();
        checkpoints->setCurrentIndex(checkpoints->findData(QString::fromStdString(plain_.string())));
        settle();
        QVERIFY(patches()->values().empty()); // this model has none
        click(words(), words()->wordRect(1));
        menuOf("attentionFilm")->actions().at(1)->trigger();
        settle();
        QTRY_COMPARE_WITH_TIMEOUT(time()->maximum(), 1, minute);
        QTest::keyClick(page_.get(), Qt::Key_Space);
        time()->setValue(0);
        const auto first = picture()->values();
        time()->setValue(1);
        QVERIFY(!first.empty() && picture()->values() != first);
        QTest::mouseClick(find<QToolButton>("attentionLeaveFilm"), Qt::LeftButton);
        settle();
        checkpoints->setCurrentIndex(before);
        settle();
        click(picture(), picture()->cellRect(9));
    }

    void aBrushErasesPatchesAndUndoGivesThemBack()
    {
        QTest::keyClick(page_.get(), Qt::Key_4);
        QTest::mouseClick(find<QPushButton>("attentionTool2"), Qt::LeftButton); // the brush
        drag(patches(), patches()->cellRect(8), patches()->cellRect(12));
        QCOMPARE(patches()->erased(), (std::set<std::int64_t>{8, 9, 10, 11, 12}));
        for (const auto cell : patches()->erased())
            QCOMPARE(patches()->values()[static_cast<std::size_t>(cell)], 0.0F); // nobody looks at what is not there
        QVERIFY(find<QLabel>("attentionEdits")->text().contains("5 patches"));
        QTest::mouseClick(find<QPushButton>("attentionTool0"), Qt::LeftButton);
        click(words(), words()->wordRect(0));
        QTest::keyClick(page_.get(), Qt::Key_Delete);
        settle();
        QVERIFY(find<QLabel>("attentionEdits")->text().contains("\"" + words()->words()[0] + "\""));
        QCOMPARE(words()->erased(), std::set<std::size_t>{0}); // struck out
        QCOMPARE(sum(picture()->values()), 0.0);
        QTest::keyClick(page_.get(), Qt::Key_Z, Qt::ControlModifier);
        settle();
        QVERIFY(words()->erased().empty());
        QVERIFY(sum(picture()->values()) > 0);
        QTest::mouseClick(find<QPushButton>("attentionPaint"), Qt::LeftButton);
        settle();
        const auto pixmap = [this](const char* name) {
            return find<QLabel>(name)->pixmap(Qt::ReturnByValue).toImage();
        };
        QVERIFY(!pixmap("attentionBefore").isNull());
        QVERIFY(pixmap("attentionBefore") != pixmap("attentionAfter"));
        keepPicture("erased");
        QVERIFY(!readImage(exported("exportBeforeAfter", "both.png")).empty());
        QCOMPARE(find<QLabel>("attentionAfterText")->text(), QStringLiteral("After"));
        QTest::keyClick(page_.get(), Qt::Key_Z, Qt::ControlModifier);
        settle();
        QVERIFY(patches()->erased().empty());
        QCOMPARE(find<QLabel>("attentionAfterText")->text(), QStringLiteral("After (outdated)"));
    }

    void aRegionIsTransplanted()
    {
        auto* const source = find<QComboBox>("attentionSourceRecord");
        auto* const map = find<AttentionMap>("attentionSource");
        source->setCurrentIndex(source->findData(otherSquare, RecordNames::Id));
        QTest::mouseClick(find<QPushButton>("attentionTool1"), Qt::LeftButton); // paste
        drag(patches(), patches()->cellRect(0), patches()->cellRect(9));        // the same place
        QCOMPARE(patches()->pasted(), (std::set<std::int64_t>{0, 1, 8, 9}));
        drag(map, map->cellRect(18), map->cellRect(36)); // rows 2 to 4, columns 2 to 4
        click(patches(), patches()->cellRect(54));       // row 6, column 6: 2 x 2 have room
        QCOMPARE(patches()->pasted(), (std::set<std::int64_t>{0, 1, 8, 9, 54, 55, 62, 63}));
        find<QCheckBox>("attentionSourceCls")->setChecked(true);
        settle();
        keepPicture("pasted");
        const auto text = find<QLabel>("attentionEdits")->text();
        QVERIFY2(text.contains(QStringLiteral("4 patches of ") + otherSquare) && text.contains("CLS of"),
                 qPrintable(text));
        // "Also its CLS" is said of the record that is chosen beside it.
        source->setCurrentIndex(0);
        QVERIFY(!find<QCheckBox>("attentionSourceCls")->isChecked());
        QVERIFY(find<QLabel>("attentionEdits")->text().contains("CLS of"));
        source->setCurrentIndex(source->findData(otherSquare, RecordNames::Id));
        QVERIFY(find<QCheckBox>("attentionSourceCls")->isChecked());
        settle();
        QTest::mouseClick(find<QPushButton>("attentionReset"), Qt::LeftButton);
        settle();
        QVERIFY(patches()->pasted().empty());
        QTest::mouseClick(find<QPushButton>("attentionUndo"), Qt::LeftButton); // all of it is there again
        settle();
        QCOMPARE(patches()->pasted().size(), 8U);
        QTest::mouseClick(find<QPushButton>("attentionReset"), Qt::LeftButton);
        QTest::mouseClick(find<QPushButton>("attentionTool0"), Qt::LeftButton);
        settle();
    }

    void aWordIsReplaced()
    {
        const auto before = words()->words();
        click(words(), words()->wordRect(1));
        auto* const edit = find<QLineEdit>("attentionReplacement");
        QVERIFY(edit->isEnabled() && edit->placeholderText().contains(before[1]));
        edit->setText("very green");
        QTest::keyClick(edit, Qt::Key_Return);
        settle();
        auto expected = before;
        expected.replace(1, "very");
        expected.insert(2, "green");
        QCOMPARE(words()->words(), expected);
        // Words are still erased by their number in the caption.
        click(words(), words()->wordRect(3));
        QTest::mouseClick(find<QPushButton>("attentionErase"), Qt::LeftButton);
        settle();
        QVERIFY(find<QLabel>("attentionEdits")->text().contains("\"" + before[2] + "\""));
        QCOMPARE(words()->erased(), std::set<std::size_t>{3}); // where it is shown
        QCOMPARE(sum(picture()->values()), 0.0);
        page_->showRecord(otherSquare); // nothing is edited there
        settle();
        QVERIFY(!find<QPushButton>("attentionUndo")->isEnabled());
    }

    void anotherModelIsComparedOnTheSameQuestion()
    {
        click(picture(), picture()->cellRect(20));
        QTest::keyClick(page_.get(), Qt::Key_5);
        auto* const checkpoints = find<QComboBox>("comparedCheckpoint");
        checkpoints->setCurrentIndex(checkpoints->findData(QString::fromStdString(plain_.string())));
        settle();
        auto* const other = find<WordStrip>("comparedWords");
        QVERIFY(find<AttentionMap>("comparedPatches")->values().empty()); // CLS only
        QCOMPARE(other->shares()[2], 0.0F);
        QVERIFY(std::abs(other->shares()[0] + other->shares()[1] - 1) < 1e-4);
        QVERIFY2(find<QLabel>("comparedReadout")->text().contains("patches 0.0 %"),
                 qPrintable(find<QLabel>("comparedReadout")->text()));
        keepPicture("compare");
        click(other, other->wordRect(1)); // drives both
        QCOMPARE(picture()->values().size(), 64U);
        auto* const otherPicture = find<AttentionMap>("comparedPicture");
        QVERIFY(otherPicture->values() != picture()->values());
        QCOMPARE(otherPicture->largest(), picture()->largest()); // one scale
        checkpoints->setCurrentIndex(0);
        settle();
        QVERIFY(other->words().isEmpty()); // nothing is compared, and nothing of it stays
        click(picture(), picture()->cellRect(9));
    }

    void aPaintedPictureIsLookedInto()
    {
        const auto workspace = Workspace::open(folder_ / "demo");
        const auto sampler = SamplingSession::open(workspace, reference_);
        SampleRequest request;
        request.prompt = "a red circle at the top";
        request.size = workspace.config.buckets.at(0);
        request.steps = 5;
        request.seed = 3000000000000000001;
        const auto result = sampler->sample(request, {}, [](const SamplePreview&) {});
        const auto file = folder_ / "painted.png";
        writePng(file, result->picture, result->settings);
        auto* const checkpoints = find<QComboBox>("attentionCheckpoints");
        checkpoints->setCurrentIndex(checkpoints->findData(QString::fromStdString(plain_.string())));
        settle();
        dialogs_.nextPath = QString::fromStdString(file.string());
        QTest::mouseClick(find<QToolButton>("attentionOpenPainted"), Qt::LeftButton);
        settle();
        QCOMPARE(checkpoints->currentData().toString(), QString::fromStdString(reference_.string())); // its painter
        QCOMPARE(words()->words(), (QStringList{"a", "red", "circle", "at", "the", "top", "(end)"}));
        QCOMPARE(find<SeedEdit>("attentionSeed")->value(), quint64(3000000000000000001));
        QCOMPARE(picture()->values().size() + patches()->values().size(), patches()->values().size());
        std::filesystem::remove(file); // what was read of it does not need it any more
        time()->setValue(time()->value() + 10);
        settle();
        QVERIFY(!page_->findChild<Banner*>()->isVisible());
        QVERIFY(!picture()->chosen().empty() || !words()->words().isEmpty());
        dialogs_.nextPath = QString::fromStdString((folder_ / "demo/nothing.png").string());
        QTest::mouseClick(find<QToolButton>("attentionOpenPainted"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(page_->findChild<Banner*>()->isVisible(), minute);
        page_->showRecord(square);
        settle();
    }

    void aFilmOfAnotherRecordIsNotShownUnderThisOne()
    {
        page_->showRecord(square);
        settle();
        auto* const looking = &controllers_->looking;
        QSignalSpy filmed(looking, &Looking::filmed);
        page_->setFocus();
        QTest::keyClick(page_.get(), Qt::Key_Space); // a film is made
        QVERIFY(looking->jobRunning());
        page_->showRecord(otherSquare);
        QTRY_COMPARE_WITH_TIMEOUT(filmed.count(), 1, minute);
        settle();
        QCOMPARE(filmed[0][0].value<LookedAt>().name, QString(square));
        QVERIFY(find<QPushButton>("attentionExport")->menu() != nullptr);
        Q_EMIT menuOf("attentionExport")->aboutToShow();
        QVERIFY(!menuOf("attentionExport")->findChild<QAction*>("exportFilm")->isEnabled());
        auto* const banner = page_->findChild<Banner*>();
        QVERIFY2(banner->isVisible() && banner->accessibleName().contains(square),
                 qPrintable(banner->accessibleName()));
        banner->hide();
    }

    void aCourseIsLabelledByWhatItWasMeasuredOn()
    {
        page_->showRecord(square);
        page_->showView(AttentionPage::View::Course);
        settle();
        QSignalSpy measured(&controllers_->looking, &Looking::courseMeasured);
        QTest::mouseClick(find<QPushButton>("attentionMeasureCourse"), Qt::LeftButton);
        page_->showRecord(otherSquare);
        QTRY_COMPARE_WITH_TIMEOUT(measured.count(), 1, 2 * minute);
        settle();
        QVERIFY2(find<QLabel>("attentionCourseAbout")->text().contains(square),
                 qPrintable(find<QLabel>("attentionCourseAbout")->text()));
        QVERIFY(find<QLabel>("attentionCourseAbout")->text().contains("no longer"));
    }

    void aRecordThatCannotBeInspectedLeavesNoAnswerOfTheOneBefore()
    {
        page_->showRecord(square);
        settle();
        QVERIFY(!patches()->values().empty());
        const std::string unread = "scene-000007";
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(session_->workspace().root)) {
            if (entry.is_regular_file() && entry.path().extension() == ".npy" &&
                entry.path().filename().string().starts_with(unread))
                files.push_back(entry.path());
        }
        QVERIFY(!files.empty());
        const auto aside = [](const std::filesystem::path& file) { return file.string() + ".aside"; };
        for (const auto& file : files)
            std::filesystem::rename(file, aside(file));
        page_->showRecord(QString::fromStdString(unread));
        settle();
        auto* const banner = page_->findChild<Banner*>();
        QVERIFY2(banner->accessibleName().contains("Could not inspect"), qPrintable(banner->accessibleName()));
        QVERIFY(patches()->values().empty() && words()->words().isEmpty());
        Q_EMIT menuOf("attentionExport")->aboutToShow();
        for (const auto* const entry : {"exportPanes", "exportView", "exportNumbers"})
            QVERIFY(!menuOf("attentionExport")->findChild<QAction*>(QLatin1String(entry))->isEnabled());
        for (const auto& file : files)
            std::filesystem::rename(aside(file), file);
        page_->showRecord(square);
        settle();
        QVERIFY(!patches()->values().empty());
        banner->hide();
    }

    void aFilmThatFailsLeavesWhatIsShown()
    {
        page_->showRecord(square);
        settle();
        const auto before = readout();
        QVERIFY(!before.isEmpty());
        Q_EMIT controllers_->looking.jobFailed("Film of sampling", {.text = "no room"});
        QCOMPARE(readout(), before);
        auto* const banner = page_->findChild<Banner*>();
        QVERIFY2(banner->accessibleName().contains("Film of sampling"), qPrintable(banner->accessibleName()));
        banner->hide();
    }

    void whatIsChosenWhileThePageIsHiddenIsInspectedWhenItComesBack()
    {
        page_->showRecord(square);
        settle();
        const auto before = words()->words();
        page_->hide();
        page_->showRecord(otherSquare);
        settle();
        QSignalSpy looked(&controllers_->looking, &Looking::looked);
        page_->show();
        QTRY_VERIFY_WITH_TIMEOUT(looked.count() > 0, minute);
        settle();
        QVERIFY(words()->words() != before);
    }
};

QTEST_MAIN(TestAttentionChanges)
#include "tst_attention_changes.moc"
