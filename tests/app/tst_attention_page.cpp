#include "app/pages/attention/edit_history.h"
#include "app/pages/attention_page.h"
#include "app/record_names.h"
#include "app/session.h"
#include "core/inspect/attention_session.h"
#include "core/io/atomic_file.h"
#include "core/model/checkpoint.h"
#include "core/model/nanodit.h"
#include "core/sample/stored_model.h"
#include "tests/support/scripted_dialogs.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"
#include "widgets/attention_map.h"
#include "widgets/banner.h"
#include "widgets/matrix_view.h"
#include "widgets/small_multiples.h"
#include "widgets/theme.h"
#include "widgets/word_strip.h"

#include <QApplication>
#include <QCheckBox>
#include <QComboBox>
#include <QElapsedTimer>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QPushButton>
#include <QSignalSpy>
#include <QSlider>
#include <QSpinBox>
#include <QStandardPaths>
#include <QTest>
#include <QToolButton>

#include <cmath>
#include <numeric>

using namespace nanodit;

namespace {

constexpr int minute = 60000, scenes = 20;
constexpr auto square = "scene-000005", otherSquare = "scene-000006"; ///< 8 x 8 latent tokens and patches

double sum(const std::vector<float>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0);
}

} // namespace

/// The attention page on the demo's reference model, in every one of its views.
class TestAttentionPage : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        QStandardPaths::setTestModeEnabled(true);
        theme_ = std::make_unique<Theme>(*qApp);
        if (qEnvironmentVariableIsSet("NANODIT_TEST_LIGHT"))
            theme_->setMode(ThemeMode::Light);
        makeDemoJob({.folder = folder_ / "demo", .scenes = scenes})->run({});
        const auto workspace = Workspace::open(folder_ / "demo");
        const auto run = listRuns(workspace).at(0);
        reference_ = run.checkpoints.at(0);
        // A second run: the same shape without patches, of random weights, in two steps.
        auto state = StoredModel::read(reference_).state;
        state.run = "plain";
        state.config.model.useDinoPatches = false;
        for (const std::int64_t step : {5, 9}) {
            const NanoDiT model(state.config.model);
            test::randomise(model.parameters(), static_cast<std::uint64_t>(step));
            const auto weights = stateOf(model.parameters());
            state.step = step;
            plain_ = writeCheckpoint(workspace.runsFolder() / "plain", state,
                                     {.model = weights, .ema = weights, .optimiser = weights});
        }
        session_ = std::make_unique<Session>();
        page_ = std::make_unique<AttentionPage>(*session_, dialogs_);
        page_->resize(qEnvironmentVariableIsSet("NANODIT_TEST_LARGE") ? QSize(1848, 1048) : QSize(1208, 768));
        page_->show();
        QVERIFY(QTest::qWaitForWindowExposed(page_.get()));
        session_->openWorkspace(QString::fromStdString(workspace.root.string()));
        QTRY_VERIFY_WITH_TIMEOUT(session_->hasWorkspace() && session_->idle(), minute);
        auto* const checkpoints = find<QComboBox>("attentionCheckpoints");
        QVERIFY(checkpoints->itemText(0).contains("plain")); // the newest
        checkpoints->setCurrentIndex(checkpoints->findData(QString::fromStdString(reference_.string())));
        settle();
        page_->showRecord(square);
        settle();
        QVERIFY(!patches()->values().empty());
        QCOMPARE(words()->words().mid(0, 3), (QStringList{"an", "orange", "cross"}));
    }

    void cleanupTestCase()
    {
        page_.reset();
        session_.reset();
    }

    void aClickOnThePictureTellsWhereItLooks()
    {
        const auto before = patches()->values();
        click(picture(), picture()->cellRect(0));
        QVERIFY(patches()->values() != before);
        QCOMPARE(picture()->chosen(), std::set<std::int64_t>{0});
        const auto shares = words()->shares();
        QVERIFY(std::abs(shares[0] + shares[1] + shares[2] - 1) < 1e-4);
        QVERIFY(std::abs(sum(patches()->values()) - shares[2]) < 1e-4);
        QVERIFY2(readout().startsWith("1 latent token looks at text") && readout().contains("nats"),
                 qPrintable(readout()));
    }

    void aDragGivesTheMeanOfARegion()
    {
        std::vector<double> expected;
        for (const std::int64_t cell : {9, 10, 17, 18}) {
            click(picture(), picture()->cellRect(cell));
            expected.resize(patches()->values().size());
            for (std::size_t i = 0; i < expected.size(); ++i)
                expected[i] += patches()->values()[i] / 4;
        }
        drag(picture(), picture()->cellRect(9), picture()->cellRect(18));
        QCOMPARE(picture()->chosen(), (std::set<std::int64_t>{9, 10, 17, 18}));
        QVERIFY(readout().startsWith("4 latent tokens look"));
        for (std::size_t i = 0; i < expected.size(); ++i)
            QVERIFY(std::abs(expected[i] - patches()->values()[i]) < 1e-5);
    }

    void wordsClsAndPatchesAreAskedTheOtherWay()
    {
        click(words(), words()->wordRect(2));
        const auto ofWord = picture()->values();
        QVERIFY(!ofWord.empty() && patches()->values().empty());
        QVERIFY(readout().startsWith("\"" + words()->words()[2] + "\": latent tokens give it"));
        click(words(), words()->wordRect(static_cast<int>(words()->words().size())));
        QVERIFY(picture()->values() != ofWord); // CLS
        click(patches(), patches()->cellRect(5));
        QCOMPARE(patches()->chosen(), std::set<std::int64_t>{5});
        QCOMPARE(picture()->values().size(), 64U);
        click(picture(), picture()->cellRect(9));
    }

    void hoveringFollowsTheMouse()
    {
        auto* const hover = find<QCheckBox>("attentionHover");
        hover->setChecked(true);
        QElapsedTimer timer;
        timer.start();
        for (std::int64_t cell = 0; cell < 64; ++cell) {
            QTest::mouseMove(picture(), picture()->cellRect(cell).center().toPoint());
            settle();
            QCOMPARE(picture()->chosen(), std::set<std::int64_t>{cell});
        }
        qInfo("a hovered token is answered in %.1f ms", static_cast<double>(timer.elapsed()) / 64);
        hover->setChecked(false);
        click(picture(), picture()->cellRect(9));
    }

    void selfAttentionLiesOverThePicture()
    {
        QVERIFY(picture()->values().empty());
        QTest::keyClick(page_.get(), Qt::Key_S);
        settle();
        QVERIFY(std::abs(sum(picture()->values()) - 1) < 1e-3);
        keepPicture("self");
        const auto mean = picture()->values();
        QTest::keyClick(page_.get(), Qt::Key_B);
        QVERIFY(picture()->values() != mean);
        QVERIFY(std::abs(sum(picture()->values()) - 1) < 1e-3);
        QTest::keyClick(page_.get(), Qt::Key_B, Qt::ShiftModifier);
        QTest::keyClick(page_.get(), Qt::Key_S);
        settle();
        QVERIFY(picture()->values().empty());
    }

    void smallMultiplesChooseBlockAndHead()
    {
        QTest::keyClick(page_.get(), Qt::Key_1);
        auto* const all = find<SmallMultiples>("attentionMultiples");
        QVERIFY(all->isVisible() && !all->isEmpty());
        auto *const block = find<QSpinBox>("attentionBlock"), *const head = find<QSpinBox>("attentionHead");
        const auto mean = patches()->values();
        click(all, all->mapRect(2, 1));
        QCOMPARE(block->value(), 2);
        QCOMPARE(head->value(), 1);
        keepPicture("blocks");
        const auto one = patches()->values();
        QVERIFY(one != mean);
        click(all, all->blockRect(2));
        QCOMPARE(block->value(), 2);
        QCOMPARE(head->value(), -1);
        QVERIFY(patches()->values() != one);
        click(all, all->headRect(3));
        QCOMPARE(block->value(), -1);
        QCOMPARE(head->value(), 3);
        click(all, all->headRect(3)); // again: the mean over all
        QCOMPARE(head->value(), -1);
        QCOMPARE(patches()->values(), mean);
        QTest::keyClick(page_.get(), Qt::Key_H);
        QCOMPARE(head->value(), 0);
        QTest::keyClick(page_.get(), Qt::Key_H, Qt::ShiftModifier);
        QCOMPARE(head->value(), -1);
    }

    void theCourseOverTimeIsMeasuredAndStopped()
    {
        QTest::keyClick(page_.get(), Qt::Key_2);
        auto* const measure = find<QPushButton>("attentionMeasureCourse");
        QVERIFY(measure->isVisible());
        QSignalSpy started(session_.get(), &Session::jobStarted);
        QTest::mouseClick(measure, Qt::LeftButton);
        QCOMPARE(started.count(), 1);
        QVERIFY(!measure->isEnabled());
        QTest::mouseClick(find<QPushButton>("attentionStop"), Qt::LeftButton);
        settle();
        QVERIFY(course(0)->values().empty());

        QTest::mouseClick(measure, Qt::LeftButton);
        settle();
        QVERIFY(session_->jobs().empty());
        const auto size = course(0)->matrixSize();
        QCOMPARE(size.cols, 20);
        for (std::size_t i = 0; i < course(0)->values().size(); ++i)
            QVERIFY(std::abs(course(0)->values()[i] + course(1)->values()[i] + course(2)->values()[i] - 100) < 0.01);
        QCOMPARE(course(3)->values().size(), course(0)->values().size()); // alignment
        QCOMPARE(course(4)->values().size(), course(0)->values().size()); // entropy

        click(course(2), course(2)->cellRect(1, 4)); // block 1 at t = 0.8
        QCOMPARE(find<QSpinBox>("attentionBlock")->value(), 1);
        QCOMPARE(time()->value(), 80);
        keepPicture("course");
        find<QSpinBox>("attentionBlock")->setValue(-1);
    }

    void theDiagonalIsShownWithItsScore()
    {
        QTest::keyClick(page_.get(), Qt::Key_3);
        settle();
        auto *const rows = find<MatrixView>("attentionRows"), *const alignment = find<MatrixView>("attentionAlignment");
        QCOMPARE(rows->matrixSize(), (GridSize{8, 8}));
        QVERIFY(!find<MatrixView>("attentionColumns")->values().empty());
        const auto sentence = find<QLabel>("attentionAligned")->text();
        QVERIFY2(sentence.contains("even attention") && sentence.contains("nats"), qPrintable(sentence));
        const auto mean = rows->values();
        click(alignment, alignment->cellRect(3, 0));
        QCOMPARE(find<QSpinBox>("attentionBlock")->value(), 3);
        QVERIFY(rows->values() != mean);
        keepPicture("diagonal");
        QVERIFY(find<QLabel>("attentionAligned")->text() != sentence);
        find<QSpinBox>("attentionBlock")->setValue(-1);
        find<QSpinBox>("attentionHead")->setValue(-1);
    }

    void aFilmOverTimePlaysPausesAndIsSaved()
    {
        auto* const play = find<QToolButton>("attentionPlay");
        click(picture(), picture()->cellRect(27));
        QTest::keyClick(page_.get(), Qt::Key_Space); // none yet: it is made
        settle();
        auto* const leave = find<QToolButton>("attentionLeaveFilm");
        QTRY_VERIFY(leave->isVisible());
        QCOMPARE(time()->maximum(), 29); // thirty steps
        QTRY_VERIFY(time()->value() > 0);
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
        QTRY_COMPARE(time()->maximum(), 1);
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
        QCOMPARE(sum(picture()->values()), 0.0);
        QTest::keyClick(page_.get(), Qt::Key_Z, Qt::ControlModifier);
        settle();
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
        QTest::keyClick(page_.get(), Qt::Key_Z, Qt::ControlModifier);
        settle();
        QVERIFY(patches()->erased().empty());
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
        request.seed = 77;
        const auto result = sampler->sample(request, {}, [](const SamplePreview&) {});
        const auto file = folder_ / "painted.png";
        writePng(file, result->picture, result->settings);
        dialogs_.nextPath = QString::fromStdString(file.string());
        QTest::mouseClick(find<QToolButton>("attentionOpenPainted"), Qt::LeftButton);
        settle();
        QCOMPARE(words()->words(), (QStringList{"a", "red", "circle", "at", "the", "top", "(end)"}));
        QCOMPARE(find<QSpinBox>("attentionSeed")->value(), 77);
        QCOMPARE(picture()->values().size() + patches()->values().size(), patches()->values().size());
        dialogs_.nextPath = QString::fromStdString((folder_ / "demo/nothing.png").string());
        QTest::mouseClick(find<QToolButton>("attentionOpenPainted"), Qt::LeftButton);
        QVERIFY(page_->findChild<Banner*>()->isVisible());
        page_->showRecord(square);
        settle();
    }

    void viewsAndNumbersAreSaved()
    {
        QTest::keyClick(page_.get(), Qt::Key_1);
        QVERIFY(readImage(exported("exportPanes", "panes.png")).size.width > 400);
        QVERIFY(readImage(exported("exportView", "view.png")).size.width > 400);
        for (const char* const entry : {"exportNumbers", "exportCourse"})
            QVERIFY(readTextFile(exported(entry, QByteArray(entry) + ".npz")).starts_with("PK"));
        auto* const menu = menuOf("attentionExport");
        Q_EMIT menu->aboutToShow();
        QVERIFY(!menu->findChild<QAction*>("exportFilm")->isEnabled()); // there is none now
    }

    void theNewestCheckpointIsFollowed()
    {
        QTest::keyClick(page_.get(), Qt::Key_F);
        settle();
        QCOMPARE(find<QComboBox>("attentionCheckpoints")->currentIndex(), 0);
        QVERIFY(patches()->values().empty());
        const auto before = words()->shares();
        auto state = StoredModel::read(plain_).state;
        state.step = 12;
        const NanoDiT model(state.config.model);
        test::randomise(model.parameters(), 3);
        const auto weights = stateOf(model.parameters());
        writeCheckpoint(plain_.parent_path().parent_path(), state,
                        {.model = weights, .ema = weights, .optimiser = weights});
        session_->refreshRuns();
        settle();
        QTRY_VERIFY(words()->shares() != before);
        QVERIFY(find<QComboBox>("attentionCheckpoints")->currentData().toString().endsWith("step-00000012"));
    }

    void withoutAModelThePageSaysWhatToDo()
    {
        const auto workspace = Workspace::create(folder_ / "empty");
        session_->openWorkspace(QString::fromStdString(workspace.root.string()));
        QTRY_VERIFY(session_->idle() && session_->runs().empty());
        QSignalSpy wanted(page_.get(), &AttentionPage::trainWanted);
        QVERIFY(!picture()->isVisible());
        for (auto* const button : page_->findChildren<QPushButton*>()) {
            if (button->isVisible() && button->text().contains("training"))
                QTest::mouseClick(button, Qt::LeftButton);
        }
        QCOMPARE(wanted.count(), 1);
        keepPicture("empty");
    }

private:
    template<typename Widget>
    Widget* find(const char* name) const
    {
        auto* const found = page_->findChild<Widget*>(QString::fromLatin1(name));
        if (found == nullptr)
            qFatal("there is no %s", name);
        return found;
    }
    AttentionMap* picture() const { return find<AttentionMap>("attentionPicture"); }
    AttentionMap* patches() const { return find<AttentionMap>("attentionPatches"); }
    WordStrip* words() const { return find<WordStrip>("attentionWords"); }
    QSlider* time() const { return find<QSlider>("attentionTime"); }
    MatrixView* course(int index) const
    {
        return page_->findChild<MatrixView*>(QStringLiteral("attentionCourse%1").arg(index));
    }
    QString readout() const { return find<QLabel>("attentionReadout")->text(); }

    QMenu* menuOf(const char* button) const { return find<QPushButton>(button)->menu(); }

    /// Whatever was asked has been answered.
    void settle() const
    {
        QTRY_VERIFY_WITH_TIMEOUT(page_->settled() && session_->idle(), minute);
        QCoreApplication::processEvents();
    }
    void click(QWidget* widget, const QRectF& box) const
    {
        QTest::mouseClick(widget, Qt::LeftButton, {}, box.center().toPoint());
        settle();
    }
    void drag(QWidget* widget, const QRectF& from, const QRectF& to) const
    {
        QTest::mousePress(widget, Qt::LeftButton, {}, from.center().toPoint());
        QTest::mouseMove(widget, to.center().toPoint());
        QTest::mouseRelease(widget, Qt::LeftButton, {}, to.center().toPoint());
        settle();
    }
    /// For looking at: a picture of the page as it is now, where a folder for them is named.
    void keepPicture(const char* name) const
    {
        const auto folder = qEnvironmentVariable("NANODIT_TEST_PICTURES");
        if (!folder.isEmpty())
            page_->grab().save(QStringLiteral("%1/%2.png").arg(folder, QLatin1String(name)));
    }
    std::filesystem::path exported(const char* entry, const QByteArray& name)
    {
        const auto file = folder_ / name.toStdString();
        dialogs_.nextPath = QString::fromStdString(file.string());
        auto* const menu = menuOf("attentionExport");
        Q_EMIT menu->aboutToShow();
        menu->findChild<QAction*>(QString::fromLatin1(entry))->trigger();
        return file;
    }

    test::TemporaryFolder folder_;
    std::filesystem::path reference_, plain_;
    test::ScriptedDialogs dialogs_;
    std::unique_ptr<Theme> theme_;
    std::unique_ptr<Session> session_;
    std::unique_ptr<AttentionPage> page_;
};

QTEST_MAIN(TestAttentionPage)
#include "tst_attention_page.moc"
