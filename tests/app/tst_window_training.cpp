#include "app/background_queue.h"
#include "app/end_signals.h"
#include "app/pages/attention/attention_page.h"
#include "app/pages/train/run_form.h"
#include "app/sampling.h"
#include "app/training.h"
#include "app/wording.h"
#include "core/front/training.h"
#include "tests/app/window_test.h"
#include "widgets/attention_map.h"
#include "widgets/config_form.h"
#include "widgets/guidance_slider.h"
#include "widgets/preview_grid.h"
#include "widgets/prompt_edit.h"
#include "widgets/text.h"
#include "widgets/word_strip.h"

#include <QComboBox>
#include <QDropEvent>
#include <QElapsedTimer>
#include <QFileInfo>
#include <QLabel>
#include <QLineEdit>
#include <QMimeData>
#include <QPushButton>
#include <QSpinBox>
#include <QUrl>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <ctime>
#include <fstream>
#include <pthread.h>
#include <set>
#include <string>
#include <thread>
#include <unistd.h>

using namespace nanodit;
using namespace std::chrono_literals;

namespace {

constexpr int scenes = 24;

/// The window's event loop as a user feels it: events are posted every two milliseconds; how long does the loop leave
/// one waiting?
class Pulse : public QObject {
public:
    /// In milliseconds.
    struct Longest {
        double waited = 0; ///< But not for a turn, on a busy machine.
        double worked = 0; ///< What the window's thread itself did meanwhile, in time of the processor.
    };

    /// Over `duration`.
    Longest longestWait(std::chrono::milliseconds duration)
    {
        longest_ = {};
        clockid_t own = {};
        pthread_getcpuclockid(pthread_self(), &own);
        const auto turns = "/proc/self/task/" + std::to_string(::gettid()) + "/schedstat";
        std::jthread poster([this, own, turns](const std::stop_token& stop) {
            while (!stop.stop_requested()) {
                const auto posted = Clock::now();
                const double before = millisecondsOf(own), turnsBefore = millisecondsWithoutTurn(turns);
                QMetaObject::invokeMethod(
                    this,
                    [this, own, turns, posted, before, turnsBefore] {
                        const std::chrono::duration<double, std::milli> waited = Clock::now() - posted;
                        const double forTurn = millisecondsWithoutTurn(turns) - turnsBefore;
                        longest_.waited = std::max(longest_.waited, waited.count() - forTurn);
                        longest_.worked = std::max(longest_.worked, millisecondsOf(own) - before);
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
    static double millisecondsOf(clockid_t clock)
    {
        timespec now = {};
        clock_gettime(clock, &now);
        return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
    }
    /// How long a thread was ready while others had the cores, by its schedstat; 0 where the kernel does not count it.
    static double millisecondsWithoutTurn(const std::string& schedstat)
    {
        std::ifstream file(schedstat);
        double ran = 0, ready = 0;
        file >> ran >> ready;
        return 1e-6 * ready;
    }

    Longest longest_;
};

} // namespace

/// Training, painting and looking in the real window on the real engine, in the order in which a person would go; at
/// last the window is closed while it trains.
class TestWindowTraining : public test::WindowTest {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        openDemo(scenes);
        for (const auto& info : pageTable()) // each begins what it does when it is first seen
            window_->showPage(info.page);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
    }

    void cleanupTestCase() { closeWindow(); }

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
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
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
        QTRY_VERIFY_WITH_TIMEOUT(form->pastRun() != nullptr, minute);
        QTRY_VERIFY_WITH_TIMEOUT(!form->reading(), minute);
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
        QVERIFY(!start->isEnabled()); // its settings are being read
        QTRY_VERIFY_WITH_TIMEOUT(!form->reading(), minute);
        QCOMPARE(start->text(), QStringLiteral("New run from its weights"));
        QTest::mouseClick(start, Qt::LeftButton);
        QVERIFY(!controllers_->training.active());
        QTRY_VERIFY_WITH_TIMEOUT(form->pastRun() == nullptr, minute);
        QCOMPARE(start->text(), QStringLiteral("Start"));
        QVERIFY(form->config().has_value());
        QVERIFY(form->config()->warmStart.checkpoint.find("reference/checkpoints/step-") != std::string::npos);
        QTRY_VERIFY_WITH_TIMEOUT(session_->background().pending() == 0, minute);
    }

    void aPastRunIsPlottedAndContinues()
    {
        auto* const form = window_->findChild<RunForm*>();
        const auto before = lastStep();
        controllers_->training.forgetRun();
        form->choosePastRun("first");
        QTRY_COMPARE_WITH_TIMEOUT(lastStep(), before, minute);
        QTRY_VERIFY_WITH_TIMEOUT(!form->reading(), minute);
        QTest::mouseClick(window_->findChild<QPushButton*>("start"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() > before + 3, minute);
        QCOMPARE(controllers_->training.curves().of("loss").steps().front(),
                 1.0); // the curve goes on, it does not start anew
        stopTraining();
    }

    void anotherRunThatIsBeingSetUpStaysWhenTheTrainingEnds()
    {
        auto* const form = window_->findChild<RunForm*>();
        startTraining("meanwhile");
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() > 0, 2 * minute);
        QTest::mouseClick(window_->findChild<QPushButton*>("queueNext"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!form->reading(), minute);
        form->findChild<ConfigForm*>()->setValue("schedule.steps", std::int64_t(4321));
        form->findChild<QLineEdit*>("runName")->setText("set-up");
        stopTraining();
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        QVERIFY(form->pastRun() == nullptr);
        QCOMPARE(form->runName(), QString("set-up"));
        QVERIFY(form->config().has_value());
        QCOMPARE(form->config()->schedule.steps, std::int64_t(4321));
        QCOMPARE(window_->findChild<QPushButton*>("start")->text(), QString("Start"));
    }

    void staysResponsiveWhileTraining()
    {
        startTraining("responsive");
        QTRY_VERIFY_WITH_TIMEOUT(lastStep() >= 3, 2 * minute);
        window_->showPage(Page::Train);
        // Other programs on the machine can spoil a window of time; the least of three is the window's own.
        Pulse::Longest best{.waited = 1e9, .worked = 1e9};
        for (int i = 0; i < 3; ++i) {
            Pulse pulse;
            const auto longest = pulse.longestWait(2000ms);
            qInfo("longest wait of an event while training: %.1f ms, %.1f ms of work", longest.waited, longest.worked);
            best = {.waited = std::min(best.waited, longest.waited), .worked = std::min(best.worked, longest.worked)};
        }
        QVERIFY2(best.worked < 50, qPrintable(QStringLiteral("%1 ms").arg(best.worked)));
        QVERIFY2(best.waited < 1000, qPrintable(QStringLiteral("%1 ms").arg(best.waited))); // for nothing else either
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
        QTRY_COMPARE_WITH_TIMEOUT(window_->findChild<PromptEdit*>("prompt")->text(),
                                  QStringLiteral("a red circle at the top left"), minute);
        QCOMPARE(window_->findChild<GuidanceSlider*>("textScale")->value(), 3.5);
        QCOMPARE(window_->findChild<QComboBox*>("solver")->currentText(), QStringLiteral("Heun"));

        // What its sampling attended to is a click away.
        auto* const attention = window_->attentionPage();
        QTest::mouseClick(window_->findChild<QPushButton*>("attend"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(attention->isVisible(), minute);
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
        QTRY_VERIFY_WITH_TIMEOUT(page->settled() && patches->values() != before, minute);
        QCOMPARE(picture->chosen(), std::set<std::int64_t>{0});
        QVERIFY(std::abs(shareSum() - 1) < 1e-4);
        const auto mean = patches->values();
        QTest::keyClick(page, Qt::Key_B);
        QVERIFY(patches->values() != mean); // the first block alone

        QTest::mouseClick(words, Qt::LeftButton, {}, words->wordRect(0).center().toPoint());
        QTRY_VERIFY_WITH_TIMEOUT(page->settled() && !picture->values().empty(), minute);
        QVERIFY(patches->values().empty());

        QTest::mouseClick(patches, Qt::LeftButton, {}, patches->cellRect(5).center().toPoint());
        QTRY_VERIFY_WITH_TIMEOUT(page->settled(), minute);
        page->showView(AttentionPage::View::Edits);
        QTest::mouseClick(window_->findChild<QPushButton*>("attentionErase"), Qt::LeftButton);
        QVERIFY(window_->findChild<QLabel*>("attentionEdits")->text().contains("1 patch"));
        QTRY_VERIFY_WITH_TIMEOUT(page->settled(), minute);
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
        QTest::mouseClick(window_->findChild<QPushButton*>("cancel"), Qt::LeftButton);
        QTRY_COMPARE_WITH_TIMEOUT(cancelled.count(), 1, minute);
        QVERIFY(previewed.last()[1].toInt() < 400); // of its 500 steps
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
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
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
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
        const auto* const run = runNamed("ended");
        QVERIFY(run != nullptr && !run->checkpoints.empty());
        QCOMPARE(run->checkpoints.back().filename().string(), checkpointName(static_cast<std::int64_t>(lastStep())));
    }

private:
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
        QTRY_VERIFY_WITH_TIMEOUT(!form->reading(), minute);
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
        QTRY_VERIFY_WITH_TIMEOUT(start->isEnabled(), minute);
        QTest::mouseClick(start, Qt::LeftButton);
        QVERIFY(controllers_->training.active());
    }

    void stopTraining()
    {
        QTest::mouseClick(window_->findChild<QPushButton*>("stop"), Qt::LeftButton);
        QTRY_VERIFY_WITH_TIMEOUT(!controllers_->training.active(), minute);
        QTRY_VERIFY_WITH_TIMEOUT(session_->idle(), minute);
    }
};

QTEST_MAIN(TestWindowTraining)
#include "tst_window_training.moc"
