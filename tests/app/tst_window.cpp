#include "app/background_queue.h"
#include "app/end_signals.h"
#include "app/failures.h"
#include "app/job_runner.h"
#include "app/pages/attention/attention_page.h"
#include "app/pages/dataset/buckets_panel.h"
#include "app/pages/dataset/dataset_page.h"
#include "app/pages/dataset/feature_colours.h"
#include "app/pages/dataset/loupe.h"
#include "app/pages/dataset/picture_pane.h"
#include "app/pages/dataset/record_browser.h"
#include "app/pages/sample/sample_form.h"
#include "app/pages/train/run_form.h"
#include "app/pages/train/train_page.h"
#include "app/sampling.h"
#include "app/training.h"
#include "app/wording.h"
#include "core/front/data.h"
#include "core/front/training.h"
#include "tests/app/window_test.h"
#include "widgets/attention_map.h"
#include "widgets/banner.h"
#include "widgets/config_form.h"
#include "widgets/guidance_slider.h"
#include "widgets/image_canvas.h"
#include "widgets/layers.h"
#include "widgets/page_frame.h"
#include "widgets/preview_grid.h"
#include "widgets/prompt_edit.h"
#include "widgets/text.h"
#include "widgets/thumbnail_grid.h"
#include "widgets/word_strip.h"

#include <QComboBox>
#include <QDialog>
#include <QDropEvent>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QMenu>
#include <QMimeData>
#include <QPushButton>
#include <QScrollArea>
#include <QSet>
#include <QSpinBox>
#include <QStackedWidget>
#include <QToolButton>
#include <QTreeWidget>
#include <QUrl>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <thread>

using namespace nanodit;
using namespace std::chrono_literals;

namespace {

constexpr int scenes = 24;

/// The window's event loop as a user feels it: events are posted every two milliseconds; how long does the loop leave
/// one waiting?
class Pulse : public QObject {
public:
    /// The longest wait in milliseconds over `duration`.
    double longestWait(std::chrono::milliseconds duration)
    {
        longest_ = 0;
        std::jthread poster([this](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const auto posted = Clock::now();
                QMetaObject::invokeMethod(
                    this,
                    [this, posted] {
                        longest_ = std::max(longest_,
                                            std::chrono::duration<double, std::milli>(Clock::now() - posted).count());
                    },
                    Qt::QueuedConnection);
                std::this_thread::sleep_for(2ms);
            }
        });
        QTest::qWait(static_cast<int>(duration.count()));
        return longest_;
    }

private:
    using Clock = std::chrono::steady_clock;
    double longest_ = 0;
};

} // namespace

/// The real window on the real engine, in the order in which a person would go.
class TestWindow : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { QVERIFY(openWindow()); }

    void cleanupTestCase() { closeWindow(); }

    void aFolderThatIsNoWorkspaceIsRefusedWithASentence()
    {
        QSignalSpy failed(session_.get(), &Session::failed);
        window_->openWorkspace(QString::fromStdString((folder_ / "nothing").string()));
        QTRY_COMPARE(failed.count(), 1);
        QVERIFY(noticeText(failed[0][1].value<Notice>()).contains("workspace.yaml"));
        QVERIFY(windowBanner()->isVisible());
        QVERIFY(!session_->hasWorkspace());

        auto* const open = windowBanner()->findChild<QPushButton*>("remedy");
        QCOMPARE(open->text(), QStringLiteral("Open workspace…"));
        dialogs_.nextPath = path("nothing either");
        QTest::mouseClick(open, Qt::LeftButton);
        QTRY_COMPARE(failed.count(), 2); // the folder that was chosen then
        QVERIFY(noticeText(failed[1][1].value<Notice>()).contains("nothing either"));
        dialogs_.nextPath.clear();
    }

    void opensADemoWorkspace()
    {
        const auto failure = makeDemo(scenes);
        QVERIFY2(failure.isEmpty(), qPrintable(failure));
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QCOMPARE(session_->records().size(), std::size_t(scenes));
        for (const auto& record : session_->records()) {
            for (const auto state : record.arrays)
                QCOMPARE(state, ArrayState::Whole);
        }
        auto* const grid = window_->findChild<ThumbnailGrid*>("thumbnailGrid");
        QTRY_COMPARE(grid->model()->rowCount(), scenes);
        QCOMPARE(preferences_->recentWorkspaces().size(), 1);
    }

    void everyPageOfTheTableIsShownByItsKey()
    {
        auto* const pages = window_->findChild<QStackedWidget*>("pages");
        QSet<QWidget*> shown;
        for (const auto& info : pageTable()) {
            QTest::keyClick(window_.get(), info.key, Qt::ControlModifier);
            shown << pages->currentWidget();
            const auto titles = pages->currentWidget()->findChildren<QLabel*>();
            QVERIFY2(std::any_of(titles.begin(), titles.end(),
                                 [&](const QLabel* label) {
                                     return label->isVisible() && label->text() == pageName(info.page);
                                 }),
                     info.word);
        }
        QCOMPARE(shown.size(), static_cast<qsizetype>(pageTable().size()));
        window_->showPage(Page::Dataset);
    }

    void aPictureOfALossJumpLeadsToItsRecord()
    {
        auto* const pages = window_->findChild<QStackedWidget*>("pages");
        auto* const dataset = window_->findChild<DatasetPage*>();
        const auto id = [this](std::size_t place) { return QString::fromStdString(session_->records()[place].id); };
        const auto before = dataset->browser()->current();
        window_->showPage(Page::Train);
        Q_EMIT window_->findChild<TrainPage*>()->recordWanted(id(3));
        QCOMPARE(pages->currentWidget(), static_cast<QWidget*>(dataset));
        QCOMPARE(dataset->browser()->current(), id(3));
        dataset->chooseRecord(before);
    }

    void aJobThatFailsIsReportedOnItsPageAndWhereTheUserIs()
    {
        auto* const own = window_->datasetPage()->findChild<Banner*>();
        auto* const ofWindow = windowBanner();
        QVERIFY(own != nullptr && ofWindow != nullptr);
        const auto fail = [this] {
            QSignalSpy failed(&jobs(), &DatasetJobs::failed);
            jobs().importPictures(path("no pictures"));
            QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
            QTRY_VERIFY(session_->idle());
        };
        fail();
        QVERIFY2(own->isVisible() && own->accessibleName().contains("no pictures"), qPrintable(own->accessibleName()));
        QVERIFY(!ofWindow->isVisible()); // it is before the user's eyes already
        own->hide();
        window_->showPage(Page::Runs);
        fail();
        QVERIFY2(ofWindow->isVisible() && ofWindow->accessibleName().contains("no pictures"),
                 qPrintable(ofWindow->accessibleName()));
        window_->showPage(Page::Dataset);
        QVERIFY(own->isVisible());
        ofWindow->hide();
        own->hide();
    }

    void aFailedJobIsMendedByItsButton()
    {
        const auto set = session_->workspace().shardsFolder() / "train";
        std::filesystem::remove_all(set);
        window_->showPage(Page::Train);
        QSignalSpy failed(&controllers_->training, &Training::failed);
        controllers_->training.start(readTrainConfig(configurationFile("demo")), "unpacked", false);
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        QTRY_VERIFY(session_->idle());
        auto* const banner = window_->trainPage()->findChild<Banner*>();
        auto* const pack = banner->findChild<QPushButton*>("remedy");
        QVERIFY(banner->isVisible() && pack->isVisible());
        QCOMPARE(pack->text(), QStringLiteral("Pack shards"));
        QSignalSpy packed(&jobs(), &DatasetJobs::packed);
        const int asked = dialogs_.asked;
        QTest::mouseClick(pack, Qt::LeftButton);
        QVERIFY(!banner->isVisible());
        QVERIFY(window_->datasetPage()->isVisible());
        auto* const failure = window_->datasetPage()->findChild<Banner*>();
        QTRY_VERIFY_WITH_TIMEOUT(packed.count() == 1 || failure->isVisible(), minute);
        QVERIFY2(packed.count() == 1, qPrintable(failure->accessibleName()));
        QTRY_VERIFY(session_->idle());
        QVERIFY(std::filesystem::exists(set / "shards.json"));
        QCOMPARE(dialogs_.asked, asked + 1); // those of the validation split are replaced, too
        window_->datasetPage()->findChild<PageFrame*>()->setDrawerVisible(false);
        controllers_->training.forgetRun();
    }

    void settingsAndDevicesAreReachedFromAFailure()
    {
        auto* const button = windowBanner()->findChild<QPushButton*>("remedy");
        showFailure(*windowBanner(), "No pictures", {"an encoder is missing", remedy::NameEncoder{}});
        QTest::mouseClick(button, Qt::LeftButton);
        auto* const settings = window_->findChild<QDialog*>("workspaceSettings");
        QVERIFY(settings != nullptr && settings->isVisible());
        QVERIFY(settings->findChild<QLineEdit*>("encoder-dino")->hasFocus() || !settings->isActiveWindow());
        settings->reject();
        showFailure(*windowBanner(), "No pictures", {"there is no GPU", remedy::ChooseDevice{}});
        QTest::mouseClick(button, Qt::LeftButton);
        auto* const menu = window_->findChild<QToolButton*>("compute")->menu();
        QTRY_VERIFY(menu->isVisible());
        QVERIFY(menu->actions().size() > 3);
        menu->close();
        window_->activateWindow(); // as a window manager does when a menu closes
        QVERIFY(QTest::qWaitForWindowActive(window_.get()));
        showFailure(*windowBanner(), "No pictures", {"two ranks", remedy::SetRanks{}});
        QVERIFY(windowBanner()->isVisible() && !button->isVisible());
        windowBanner()->hide();
    }

    void showsThumbnailsAndTheChosenPicture()
    {
        auto* const grid = window_->findChild<ThumbnailGrid*>("thumbnailGrid");
        QTRY_VERIFY(!grid->model()->index(0, 0).data(ThumbnailGrid::PictureRole).value<QImage>().isNull());
        grid->setFocus();
        QTest::keyClick(grid, Qt::Key_Right);
        auto* const loupe = window_->findChild<Loupe*>();
        QTRY_VERIFY(!loupe->canvas()->layers().empty());
        auto* const readout = loupe->findChild<QLabel*>("readout");
        loupe->pointAt({17, 33});
        QCOMPARE(readout->text(),
                 QStringLiteral("pixel 17,33 · patch r2 c1 · latent tokens r2 c1 · box 16-32, 32-48 px"));
    }

    void everyLensShowsItsLayer()
    {
        auto* const loupe = window_->findChild<Loupe*>();
        auto* const pane = loupe->left();
        for (const auto lens : lenses) {
            pane->setLens(lens);
            const auto visible = [pane, lens] {
                const auto& layers = pane->canvas()->layers();
                return std::any_of(layers.begin(), layers.end(), [lens](const auto& layer) {
                    return layer->name() == lensName(lens) && layer->visible();
                });
            };
            if (lens != Lens::Picture)
                QTRY_VERIFY2_WITH_TIMEOUT(visible(), qPrintable(lensName(lens)), minute);
        }
        QTRY_VERIFY(session_->idle());
        QVERIFY(loupe->colours()->fit() != nullptr);
        QVERIFY(std::filesystem::exists(folder_ / "demo/cache/patch_colours"));
        pane->setLens(Lens::Picture);
    }

    void similarityFollowsTheMouseAlsoIntoAKeptPicture()
    {
        auto* const loupe = window_->findChild<Loupe*>();
        auto* const readout = loupe->findChild<QLabel*>("readout");
        QTest::mouseClick(window_->findChild<QPushButton*>("keepRecord"), Qt::LeftButton);
        QVERIFY(loupe->right()->isVisible());
        const auto kept = loupe->right()->view()->record.id;
        auto* const grid = window_->findChild<ThumbnailGrid*>("thumbnailGrid");
        grid->setFocus();
        QTest::keyClick(grid, Qt::Key_Right);
        QTRY_VERIFY(loupe->left()->view() && loupe->left()->view()->record.id != kept && loupe->left()->view()->unit);
        QCOMPARE(loupe->right()->view()->record.id, kept);
        for (auto* const pane : {loupe->left(), loupe->right()})
            pane->setLens(Lens::Similarity);
        loupe->pointAt({17, 33});
        QVERIFY2(readout->text().endsWith("cosine 1.00"), qPrintable(readout->text())); // to itself
        const auto isShown = [](const auto& layer) {
            return layer->name() == lensName(Lens::Similarity) && layer->scale();
        };
        const auto& layers = loupe->right()->canvas()->layers();
        QVERIFY(std::any_of(layers.begin(), layers.end(), isShown));
        QTest::mouseClick(window_->findChild<QPushButton*>("compare"), Qt::LeftButton);
        QVERIFY(!loupe->right()->isVisible());
        loupe->left()->setLens(Lens::Picture);
    }

    void aClickLocksTheSimilarityThatIsShownAndNothingElse()
    {
        auto* const loupe = window_->findChild<Loupe*>();
        auto* const readout = loupe->findChild<QLabel*>("readout");
        QTRY_VERIFY_WITH_TIMEOUT(loupe->left()->view() && loupe->left()->view()->unit, minute);
        const auto isLocked = [&] {
            loupe->pointAt({17, 33});
            return readout->text().contains("locked");
        };
        auto* const canvas = loupe->canvas();
        loupe->left()->setLens(Lens::Picture);
        Q_EMIT canvas->clicked({17, 33});
        QVERIFY(!isLocked()); // no similarity is seen
        loupe->left()->setLens(Lens::Similarity);
        Q_EMIT canvas->clicked({-5, -5});
        QVERIFY(!isLocked()); // beside the picture there is no patch
        Q_EMIT canvas->clicked({17, 33});
        QVERIFY(isLocked());
        Q_EMIT canvas->clicked({-5, -5});
        QVERIFY(!isLocked()); // any click unlocks
        Q_EMIT canvas->clicked({17, 33});
        QVERIFY(isLocked());
        loupe->left()->setLens(Lens::Picture);
        QVERIFY2(!readout->text().contains("locked"), qPrintable(readout->text())); // and so does another view
        QVERIFY(!isLocked());
    }

    void everyPageFitsTheUsualWindow()
    {
        window_->resize(1280, 800);
        const auto* const scroll = window_->findChild<QScrollArea*>("pageScroll");
        const auto* const pages = window_->findChild<QStackedWidget*>("pages");
        for (int i = 0; i < pages->count(); ++i) {
            const int needed = pages->widget(i)->minimumSizeHint().width();
            QVERIFY2(needed <= scroll->viewport()->width(),
                     qPrintable(QStringLiteral("%1 needs %2 of %3 pixels")
                                    .arg(QLatin1String(pages->widget(i)->metaObject()->className()))
                                    .arg(needed)
                                    .arg(scroll->viewport()->width())));
        }
    }

    void certifiesTheAlignment()
    {
        QSignalSpy certified(&jobs(), &DatasetJobs::certified);
        QTest::mouseClick(window_->findChild<QPushButton*>("certify"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(certified.count(), 1, 2 * minute);
        QTRY_VERIFY(session_->idle());
        const auto verdict = window_->findChild<QLabel*>("alignmentVerdict")->text();
        QVERIFY2(verdict.startsWith("All patches of "), qPrintable(verdict));
        auto* const records = window_->findChild<QTreeWidget*>("alignmentRecords");
        QCOMPARE(records->topLevelItemCount(), scenes);
        window_->showPage(Page::Dataset); // a hidden page loads no picture
        const auto id = records->topLevelItem(2)->text(0);
        Q_EMIT records->itemClicked(records->topLevelItem(2), 0);
        QTRY_VERIFY(window_->findChild<Loupe*>()->left()->view() != nullptr);
        QTRY_COMPARE(window_->findChild<Loupe*>()->left()->view()->record.id, id.toStdString());
    }

    void measuresDriftWithResolution()
    {
        QSignalSpy measured(&jobs(), &DatasetJobs::driftMeasured);
        window_->findChild<QPushButton*>("measureDrift")->click();
        QTRY_COMPARE_WITH_TIMEOUT(measured.count(), 1, 2 * minute);
        QTRY_VERIFY(session_->idle());
        QCOMPARE(window_->findChild<QTreeWidget*>("driftRecords")->topLevelItemCount(), scenes);
        QVERIFY(window_->findChild<QLabel*>("driftSentence")->text().startsWith(QString::number(scenes)));
    }

    void bucketsCountEveryRecord()
    {
        auto* const table = window_->findChild<BucketsPanel*>();
        QVERIFY(table->topLevelItemCount() > 0);
        std::int64_t all = 0;
        for (int row = 0; row < table->topLevelItemCount(); ++row)
            all += table->topLevelItem(row)->text(1).toLongLong();
        QCOMPARE(all, std::int64_t(scenes));
    }

    void everyPageIsReachedByKeys()
    {
        const std::pair<Qt::Key, const char*> pages[] = {{Qt::Key_2, "start"},    {Qt::Key_3, "attentionExport"},
                                                         {Qt::Key_4, "generate"}, {Qt::Key_5, "validateStart"},
                                                         {Qt::Key_6, "runShow"},  {Qt::Key_1, "verify"}};
        for (const auto& [key, button] : pages) {
            QTest::keyClick(window_.get(), key, Qt::ControlModifier);
            QVERIFY2(window_->findChild<QPushButton*>(button)->isVisible(), button);
        }
        QTest::keyClick(window_.get(), Qt::Key_Question);
        QCOMPARE(dialogs_.told, 1);
    }

    void everyControlHasAName()
    {
        for (const auto page :
             {Page::Dataset, Page::Train, Page::Attention, Page::Sample, Page::Validate, Page::Runs}) {
            window_->showPage(page);
            for (const auto* const button : window_->findChildren<QAbstractButton*>()) {
                if (button->isVisible() && qobject_cast<QLineEdit*>(button->parent()) == nullptr) // Qt's own
                    QVERIFY2(!button->text().isEmpty() || !button->accessibleName().isEmpty(),
                             qPrintable(button->metaObject()->className() + button->objectName()));
            }
        }
        window_->showPage(Page::Dataset);
    }

    void verifiesTheDataSet()
    {
        QSignalSpy verified(&jobs(), &DatasetJobs::verified);
        QTest::mouseClick(window_->findChild<QPushButton*>("verify"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(verified.count(), 1, minute);
        QVERIFY(verified[0][0].value<VerifyReport>().sound());
        QTRY_VERIFY(session_->idle());
        QVERIFY(window_->findChild<QLabel*>("verdict")->text().startsWith("Valid"));
    }

    void trainsPausesResumesAndStops()
    {
        startTraining("first");
        auto& training = controllers_->training;
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() > 0, 2 * minute);
        QElapsedTimer timer;
        timer.start();
        const auto first = lastStep();
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() >= first + 20, 2 * minute);
        // As long as ten steps take here, with whatever else the machine does.
        const int tenSteps =
            std::max(200, static_cast<int>(10 * static_cast<double>(timer.elapsed()) / (lastStep() - first)));
        QCOMPARE(window_->findChild<RunForm*>()->runName(), QStringLiteral("first")); // the form is its own

        QTest::mouseClick(window_->findChild<QPushButton*>("pause"), Qt::LeftButton);
        QCOMPARE(training.state(), Training::State::Paused);
        double paused = -1;
        const bool rests = QTest::qWaitFor( // after the step that was under way
            [&] {
                paused = lastStep();
                QTest::qWait(tenSteps);
                return lastStep() == paused;
            },
            minute);
        QVERIFY(rests);
        QTest::qWait(tenSteps);
        QCOMPARE(lastStep(), paused);

        QTest::mouseClick(window_->findChild<QPushButton*>("pause"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() > paused + 3, minute);

        auto* const previews = window_->findChild<PreviewGrid*>();
        QTest::mouseClick(window_->findChild<QPushButton*>("previewNow"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!previews->isEmpty(), minute);

        QSignalSpy finished(&training, &Training::finished);
        QTest::mouseClick(window_->findChild<QPushButton*>("stop"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!training.active(), minute);
        QCOMPARE(finished.count(), 1);
        QTRY_VERIFY(session_->idle());
        const auto* const run = runNamed("first");
        QVERIFY(run != nullptr);
        QVERIFY(!run->checkpoints.empty());
        QVERIFY(std::filesystem::exists(run->folder / "metrics.jsonl"));
    }

    /// One click more must not begin an hour of training from nothing.
    void afterStopTheBlueButtonResumes()
    {
        auto* const form = window_->findChild<RunForm*>();
        auto* const start = window_->findChild<QPushButton*>("start");
        QTRY_VERIFY(form->pastRun() != nullptr);
        QCOMPARE(form->pastRun()->name, "first");
        QCOMPARE(start->text(), QStringLiteral("Resume run"));
        QVERIFY(lastStep() >= 20); // its plots are still there
        auto* const config = form->findChild<ConfigForm*>();
        QVERIFY(!config->findChild<QWidget*>("model.depth")->isEnabled());
        QVERIFY(config->findChild<QWidget*>("optimiser.lr")->isEnabled());
        config->setValue("schedule.steps", std::int64_t(5)); // it has done more
        QCOMPARE(start->text(), QStringLiteral("Train %1 more steps").arg(groupedNumber(100000)));
        QTest::mouseClick(window_->findChild<QPushButton*>("newRun"), Qt::LeftButton);
        QCOMPARE(start->text(), QStringLiteral("Start"));
        QVERIFY(config->findChild<QWidget*>("model.depth")->isEnabled());
        QTRY_VERIFY_WITH_TIMEOUT(window_->findChild<QWidget*>("forecast")->isVisible(), minute);
        QVERIFY(window_->findChild<QLabel*>("forecastMemory")->text().contains("free"));
        QTRY_VERIFY2_WITH_TIMEOUT(window_->findChild<QLabel*>("forecastStep")->text().startsWith("about"),
                                  qPrintable(window_->findChild<QLabel*>("forecastStep")->text()), minute);
    }

    void aRunOfAveragesOffersANewRunFromIt()
    {
        auto* const form = window_->findChild<RunForm*>();
        auto* const start = window_->findChild<QPushButton*>("start");
        form->choosePastRun("reference");
        QVERIFY(form->pastRun() != nullptr);
        QCOMPARE(start->text(), QStringLiteral("New run from its weights"));
        QTest::mouseClick(start, Qt::LeftButton);
        QVERIFY(!controllers_->training.active());
        QVERIFY(form->pastRun() == nullptr);
        QCOMPARE(start->text(), QStringLiteral("Start"));
        QVERIFY(form->config().has_value());
        QVERIFY(form->config()->warmStart.checkpoint.find("reference/checkpoints/step-") != std::string::npos);
        QTRY_VERIFY(session_->background().pending() == 0);
    }

    void aPastRunIsPlottedAndContinues()
    {
        auto* const form = window_->findChild<RunForm*>();
        const auto before = lastStep();
        controllers_->training.forgetRun();
        form->choosePastRun("first");
        QTRY_COMPARE(lastStep(), before);
        QTest::mouseClick(window_->findChild<QPushButton*>("start"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() > before + 3, minute);
        QCOMPARE(controllers_->training.curves().of("loss").steps().front(),
                 1.0); // the curve goes on, it does not start anew
        stopTraining();
    }

    void staysResponsiveWhileTraining()
    {
        startTraining("responsive");
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() >= 3, 2 * minute);
        window_->showPage(Page::Train);
        // Other programs on the machine can spoil a window of time; the shortest of three longest waits is the window's
        // own.
        double best = 1e9;
        for (int i = 0; i < 3; ++i) {
            Pulse pulse;
            const double longest = pulse.longestWait(2000ms);
            qInfo("longest wait of an event while training: %.1f ms", longest);
            best = std::min(best, longest);
        }
        QVERIFY2(best < 50, qPrintable(QStringLiteral("%1 ms").arg(best)));
        stopTraining();
    }

    void paintsAPictureAndKeepsItsSettings()
    {
        window_->showPage(Page::Sample);
        auto& sampling = controllers_->sampling;
        window_->findChild<PromptEdit*>("prompt")->setText("a red circle at the top left");
        window_->findChild<QSpinBox*>("steps")->setValue(4);
        window_->findChild<QComboBox*>("solver")->setCurrentText(QStringLiteral("Heun"));
        window_->findChild<GuidanceSlider*>("textScale")->setValue(3.5);
        QSignalSpy previewed(&sampling, &Sampling::previewed);
        QSignalSpy finished(&sampling, &Sampling::finished);
        QSignalSpy failed(&sampling, &Sampling::failed);
        QTest::mouseClick(window_->findChild<QPushButton*>("generate"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(finished.count() + failed.count() > 0, 2 * minute);
        QVERIFY2(failed.isEmpty(), qPrintable(failed.isEmpty() ? QString() : noticeText(failed[0][0].value<Notice>())));
        QVERIFY(previewed.count() >= 1);
        const auto picture = finished[0][0].value<SampledPicture>();
        QVERIFY(!picture.picture.isNull());

        // Dropped on the window, the PNG gives its settings back.
        window_->findChild<PromptEdit*>("prompt")->clear();
        window_->findChild<QComboBox*>("solver")->setCurrentText(QStringLiteral("Euler"));
        window_->findChild<GuidanceSlider*>("textScale")->setValue(1);
        QMimeData data;
        data.setUrls({QUrl::fromLocalFile(picture.file)});
        QDragEnterEvent enter({400, 400}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(window_.get(), &enter);
        QVERIFY(enter.isAccepted());
        QDropEvent drop({400, 400}, Qt::CopyAction, &data, Qt::LeftButton, Qt::NoModifier);
        QCoreApplication::sendEvent(window_.get(), &drop);
        QTRY_COMPARE(window_->findChild<PromptEdit*>("prompt")->text(), QStringLiteral("a red circle at the top left"));
        QCOMPARE(window_->findChild<GuidanceSlider*>("textScale")->value(), 3.5);
        QCOMPARE(window_->findChild<QComboBox*>("solver")->currentText(), QStringLiteral("Heun"));

        // What its sampling attended to is a click away.
        auto* const attention = window_->attentionPage();
        QTest::mouseClick(window_->findChild<QPushButton*>("attend"), Qt::LeftButton);
        QTRY_VERIFY(attention->isVisible());
        QTRY_VERIFY_WITH_TIMEOUT(attention->settled(), minute);
        QCOMPARE(window_->findChild<QComboBox*>("attentionRecords")->currentText(),
                 QStringLiteral("generated ") + QFileInfo(picture.file).completeBaseName());
        attention->showRecord(QString::fromStdString(session_->records().front().id)); // as the tests behind have it
        QTRY_VERIFY_WITH_TIMEOUT(attention->settled(), minute);
    }

    void attentionAnswersClicksInBothDirections()
    {
        window_->showPage(Page::Attention);
        auto* const page = window_->attentionPage();
        auto* const picture = window_->findChild<AttentionMap*>("attentionPicture");
        auto* const patches = window_->findChild<AttentionMap*>("attentionPatches");
        auto* const words = window_->findChild<WordStrip*>("attentionWords");
        QTRY_VERIFY_WITH_TIMEOUT(!patches->values().empty() && page->settled(), minute);
        const auto shareSum = [words] { return words->shares()[0] + words->shares()[1] + words->shares()[2]; };
        QVERIFY(std::abs(shareSum() - 1) < 1e-4);

        const auto before = patches->values();
        QTest::mouseClick(picture, Qt::LeftButton, {}, picture->cellRect(0).center().toPoint());
        QTRY_VERIFY(page->settled() && patches->values() != before);
        QCOMPARE(picture->chosen(), std::set<std::int64_t>{0});
        QVERIFY(std::abs(shareSum() - 1) < 1e-4);
        const auto mean = patches->values();
        QTest::keyClick(page, Qt::Key_B);
        QVERIFY(patches->values() != mean); // the first block alone

        QTest::mouseClick(words, Qt::LeftButton, {}, words->wordRect(0).center().toPoint());
        QTRY_VERIFY(page->settled() && !picture->values().empty());
        QVERIFY(patches->values().empty());

        QTest::mouseClick(patches, Qt::LeftButton, {}, patches->cellRect(5).center().toPoint());
        QTRY_VERIFY(page->settled());
        page->showView(AttentionPage::View::Edits);
        QTest::mouseClick(window_->findChild<QPushButton*>("attentionErase"), Qt::LeftButton);
        QVERIFY(window_->findChild<QLabel*>("attentionEdits")->text().contains("1 patch"));
        QTRY_VERIFY(page->settled());
        for (const float mass : picture->values())
            QCOMPARE(mass, 0.0F); // nobody looks at what is not there

        QTest::mouseClick(window_->findChild<QPushButton*>("attentionPaint"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!window_->findChild<QLabel*>("attentionAfter")->pixmap(Qt::ReturnByValue).isNull(),
                                 minute);
        QTRY_VERIFY_WITH_TIMEOUT(page->settled(), minute);
    }

    void paintingCanBeCancelled()
    {
        window_->showPage(Page::Sample);
        auto& sampling = controllers_->sampling;
        window_->findChild<QSpinBox*>("steps")->setValue(500);
        QSignalSpy previewed(&sampling, &Sampling::previewed);
        QSignalSpy cancelled(&sampling, &Sampling::cancelled);
        QTest::mouseClick(window_->findChild<QPushButton*>("generate"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(previewed.count() >= 1, minute);
        QElapsedTimer timer;
        timer.start();
        QTest::mouseClick(window_->findChild<QPushButton*>("cancel"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(cancelled.count(), 1, 5000);
        QVERIFY2(timer.elapsed() < 2000, qPrintable(QString::number(timer.elapsed())));
    }

    void closingWhileTrainingAsksThenStopsWithACheckpoint()
    {
        startTraining("closing");
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() >= 3, 2 * minute);
        dialogs_.asked = 0;
        dialogs_.nextAnswer = false;
        window_->close();
        QCOMPARE(dialogs_.asked, 1);
        QVERIFY(dialogs_.consequence.contains("closing")); // names what runs
        QVERIFY(window_->isVisible());
        QVERIFY(controllers_->training.active());

        dialogs_.nextAnswer = true;
        window_->close();
        QTRY_VERIFY_WITH_TIMEOUT(!window_->isVisible(), minute);
        QVERIFY(!controllers_->training.active());
        QTRY_VERIFY(session_->idle());
        QVERIFY(runNamed("closing") != nullptr && !runNamed("closing")->checkpoints.empty());
    }

    void aSignalThatEndsTheProgramSavesTheTraining() // last: it ends the event loop
    {
        window_->show();
        const EndSignals ends;
        connect(&ends, &EndSignals::endWanted, window_.get(), &MainWindow::endProgram);
        startTraining("ended");
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() >= 3, 2 * minute);
        const int asked = dialogs_.asked;
        std::raise(SIGTERM);
        QTRY_VERIFY_WITH_TIMEOUT(!controllers_->training.active(), minute);
        QCOMPARE(dialogs_.asked, asked);
        QTRY_VERIFY(session_->idle());
        const auto* const run = runNamed("ended");
        QVERIFY(run != nullptr && !run->checkpoints.empty());
        QCOMPARE(run->checkpoints.back().filename().string(), checkpointName(static_cast<std::int64_t>(lastStep())));
    }

private:
    /// The window's own, above every page.
    Banner* windowBanner() const
    {
        return window_->centralWidget()->findChild<Banner*>(QString(), Qt::FindDirectChildrenOnly);
    }
    const RunInfo* runNamed(const std::string& name) const
    {
        const auto& runs = session_->runs();
        const auto found =
            std::find_if(runs.begin(), runs.end(), [&name](const RunInfo& run) { return run.name == name; });
        return found == runs.end() ? nullptr : &*found;
    }

    double lastStep() const
    {
        const auto& steps = controllers_->training.curves().of("loss").steps();
        return steps.isEmpty() ? 0 : steps.back();
    }

    /// A tiny model through the form, as a user would set it.
    void startTraining(const QString& name)
    {
        window_->showPage(Page::Train);
        auto* const form = window_->findChild<RunForm*>();
        form->choosePastRun(QString()); // a new one
        window_->findChild<QLineEdit*>("runName")->setText(name);
        auto* const config = form->findChild<ConfigForm*>();
        config->setValue("model.hidden_size", std::int64_t(64));
        config->setValue("model.depth", std::int64_t(2));
        config->setValue("model.num_heads", std::int64_t(2));
        config->setValue("data.batch_size", std::int64_t(4));
        config->setValue("schedule.steps", std::int64_t(100000));
        config->setValue("previews.every", std::int64_t(0));
        config->setValue("previews.count", std::int64_t(1));
        config->setValue("previews.sampler_steps", std::int64_t(2));
        auto* const start = window_->findChild<QPushButton*>("start");
        QVERIFY(start->isEnabled());
        QTest::mouseClick(start, Qt::LeftButton);
        QVERIFY(controllers_->training.active());
    }

    void stopTraining()
    {
        QTest::mouseClick(window_->findChild<QPushButton*>("stop"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!controllers_->training.active(), minute);
        QTRY_VERIFY(session_->idle());
    }
};

QTEST_MAIN(TestWindow)
#include "tst_window.moc"
