#include "app/background_queue.h"
#include "app/controllers.h"
#include "app/job_runner.h"
#include "app/session.h"
#include "app/thumbnails.h"
#include "app/training_queue.h"
#include "app/wording.h"
#include "core/front/data.h"
#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "tests/support/contains.h"
#include "tests/support/drawn_picture.h"
#include "tests/support/test_data.h"

#include <QDeadlineTimer>
#include <QDir>
#include <QDirIterator>
#include <QSemaphore>
#include <QSignalSpy>
#include <QStandardPaths>
#include <QTest>

#include <atomic>
#include <chrono>
#include <optional>
#include <set>
#include <thread>

using namespace nanodit;
using namespace std::chrono_literals;

namespace {

constexpr int minute = 60000;
constexpr std::uint64_t pictures = 5;

} // namespace

/// Controllers on a session, without any window.
class TestControllers : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase()
    {
        std::filesystem::create_directories(folder_ / "pictures");
        for (std::uint64_t i = 0; i < pictures; ++i)
            writePng(folder_ / ("pictures/hill-" + std::to_string(i) + ".png"), test::drawnPicture(i, {96, 64}));
    }

    void aWorkspaceOfPicturesIsMadeAndFilled()
    {
        Session session;
        Controllers controllers(session);
        auto& jobs = controllers.datasetJobs;
        const QSignalSpy failed(&jobs, &DatasetJobs::failed);
        int started = 0;
        connect(&jobs, &DatasetJobs::started, this, [&](JobRunner* runner) {
            ++started;
            QVERIFY(session.hasWorkspace() && jobs.busy());
            QCOMPARE(jobs.work(), DatasetWork::Import);
            QCOMPARE(jobs.runner(), runner);
            QCOMPARE(runner->page(), Page::Dataset);
            QCOMPARE(session.jobs(), std::vector{runner});
            jobs.verify(); // not while another runs, which is said
            QCOMPARE(failed.count(), 1);
            QCOMPARE(failed[0][0].toString(), QStringLiteral("Verification did not start"));
            QCOMPARE(jobs.runner(), runner);
        });
        std::optional<ImportReport> report;
        connect(&jobs, &DatasetJobs::imported, this, [&](const ImportReport& made) { report = made; });
        jobs.createWorkspace(path("workspace"), path("pictures"));
        QTRY_VERIFY_WITH_TIMEOUT(report.has_value() && !jobs.busy() && session.idle(), minute);
        QCOMPARE(started, 1);
        QCOMPARE(failed.count(), 1);
        QCOMPARE(session.records().size(), std::size_t(pictures)); // read again when the job had ended
    }

    void aJobThatFailsSaysWhichAndWhy()
    {
        Session session;
        Controllers controllers(session);
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        QSignalSpy failed(&controllers.datasetJobs, &DatasetJobs::failed);
        const QSignalSpy ofSession(&session, &Session::failed);
        controllers.datasetJobs.importPictures(path("no pictures"));
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        QCOMPARE(failed[0][0].toString(), QStringLiteral("Import failed"));
        const auto why = noticeText(failed[0][1].value<Notice>());
        QVERIFY2(why.contains("no pictures"), qPrintable(why));
        QTRY_VERIFY_WITH_TIMEOUT(!controllers.datasetJobs.busy(), minute);
        QCOMPARE(ofSession.count(), 0); // a job's failure is not the session's
    }

    void lookingSaysWhyACheckpointCannotBeOpened()
    {
        Session session;
        Controllers controllers(session);
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        QSignalSpy failed(&controllers.looking, &Looking::failed);
        const QSignalSpy ofComparison(&controllers.comparison, &Looking::failed);
        controllers.looking.look(folder_ / "step-00000007", {});
        QVERIFY(controllers.looking.busy());
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        const auto why = noticeText(failed[0][0].value<Notice>());
        QVERIFY2(why.contains("step-00000007"), qPrintable(why));
        QTRY_VERIFY_WITH_TIMEOUT(!controllers.looking.busy(), minute);
        QCOMPARE(ofComparison.count(), 0);
    }

    void theOldestThumbnailsGoWhenThereAreTooMany()
    {
        const auto folder = folder_ / "thumbnails";
        const auto now = std::filesystem::file_time_type::clock::now();
        for (int i = 0; i < 8; ++i) {
            const auto file = folder / std::to_string(i % 2) / std::to_string(i);
            test::writeText(file, std::string(100, 'x'));
            std::filesystem::last_write_time(file, now - i * 1min); // 7 is the oldest
        }
        const auto left = [&folder] {
            std::set<std::string> names;
            for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
                if (entry.is_regular_file())
                    names.insert(entry.path().filename().string());
            }
            return names;
        };
        pruneThumbnails(QString::fromStdString(folder.string()), 800);
        QCOMPARE(left().size(), std::size_t(8)); // as many as may be
        pruneThumbnails(QString::fromStdString(folder.string()), 400);
        QCOMPARE(left(), (std::set<std::string>{"0", "1", "2"}));
    }

    void aThumbnailThatIsForgottenWhileItIsMadeIsNotTold()
    {
        QStandardPaths::setTestModeEnabled(true);
        const auto cache =
            QStandardPaths::writableLocation(QStandardPaths::CacheLocation) + QStringLiteral("/thumbnails");
        QDir(cache).removeRecursively();
        Session session;
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        Thumbnails thumbnails(32);
        const QSignalSpy made(&thumbnails, &Thumbnails::made);
        thumbnails.want(session.records().front());
        const auto isWritten = [&cache] {
            return QDirIterator(cache, {"*.jpg"}, QDir::Files, QDirIterator::Subdirectories).hasNext();
        };
        for (QDeadlineTimer late(minute); !isWritten() && !late.hasExpired();) // and no answer is taken meanwhile
            std::this_thread::sleep_for(5ms);
        QVERIFY(isWritten());
        thumbnails.forget(); // as for another workspace, whose records have the same names
        QTRY_VERIFY_WITH_TIMEOUT(thumbnails.idle(), minute);
        QCOMPARE(made.count(), 0);
        thumbnails.want(session.records().front());
        QTRY_COMPARE_WITH_TIMEOUT(made.count(), 1, minute);
    }

    void aReportThatIsReadWhileAnotherWorkspaceOpensIsNotShownThere()
    {
        const auto other = Workspace::create(folder_ / "without reports", {});
        Session session;
        Controllers controllers(session);
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        const QSignalSpy failed(&controllers.validating, &Validating::readFailed);
        session.openWorkspace(path("without reports"));
        controllers.validating.read(folder_ / "no report", {}); // of the one that is still open
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
        QVERIFY(session.workspace().root == other.root);
        QCOMPARE(failed.count(), 0);
        controllers.validating.read(folder_ / "no report", {});
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
    }

    void anotherWorkspaceForgetsTheShownRun()
    {
        Session session;
        Controllers controllers(session);
        QSignalSpy changed(&controllers.training, &Training::runChanged);
        controllers.training.curves().of("loss").append(1, 0.5);
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        QCOMPARE(changed.count(), 1);
        QVERIFY(controllers.training.curves().of("loss").steps().empty());
    }

    void runsThatWereAskedForBeforeAnotherWorkspaceOpenedAreNotItsOwn()
    {
        const auto withRun = Workspace::create(folder_ / "with a run", {});
        test::writeText(withRun.runsFolder() / "first/config.yaml", toYaml(TrainConfig()));
        Session session;
        session.openWorkspace(path("with a run"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        QCOMPARE(session.runs().size(), std::size_t(1));
        session.openWorkspace(path("workspace"));
        session.refreshRuns(); // of the one that is still open
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
        QVERIFY(session.workspace().root.filename() == "workspace");
        QVERIFY(session.runs().empty());
    }

    /// Metrics of long runs are read beside what somebody waits for, and edits are made in their order.
    void anEditWaitsForNoLongReading()
    {
        Session session;
        Controllers controllers(session);
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        QSemaphore reads, read;
        session.readings().ask(
            this,
            [&] {
                reads.release();
                read.acquire();
            },
            [] {});
        reads.acquire(); // a long one is going on
        session.refreshRuns();
        const std::vector<std::string> ids = {session.records().front().id};
        QStringList made;
        const auto change = [&](const char* caption) {
            session.changeRecords(
                [ids, caption](const Workspace& workspace) {
                    setCaption(workspace, ids.front(), caption);
                    return findRecords(workspace, ids);
                },
                [&made, &session, caption] {
                    made << caption;
                    QCOMPARE(session.records().front().caption, std::string(caption));
                },
                [](const Notice& why) { QFAIL(why.text.c_str()); });
        };
        for (const char* const caption : {"first", "second", "third"})
            change(caption);
        const bool ended = QTest::qWaitFor([&] { return made.size() == 3; }, minute);
        const bool waits = session.readings().pending() > 0 && !session.idle();
        read.release();
        QVERIFY(ended && waits);
        QCOMPARE(made, (QStringList{"first", "second", "third"}));
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
    }

    /// What is read of all runs goes the way that others do not wait on.
    void metricsAndOverviewsAreLongReadings()
    {
        Session session;
        Controllers controllers(session);
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        const auto waiting = [&session] {
            return std::pair(session.background().pending(), session.readings().pending());
        };
        session.refreshRuns();
        controllers.validating.list();
        controllers.training.showRun(
            {.name = "first", .folder = session.workspace().runsFolder() / "first", .checkpoints = {}});
        const auto [soon, later] = waiting();
        QVERIFY2(soon == 1 && later == 5, qPrintable(QStringLiteral("%1, %2").arg(soon).arg(later))); // who trains it
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
    }

    void manyPreviewsOfARunComeInTurnsOfTheLoop()
    {
        constexpr int previews = 250;
        Session session;
        Controllers controllers(session);
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        const auto folder = session.workspace().runsFolder() / "pictured";
        std::filesystem::create_directories(folder / "samples");
        for (int i = 0; i < previews; ++i)
            writePng(previewFile(folder, 10, "hill-" + std::to_string(i)),
                     test::drawnPicture(static_cast<std::uint64_t>(i), {32, 32}));
        const QSignalSpy previewed(&controllers.training, &Training::previewed);
        qsizetype inFirstTurn = 0;
        connect(&controllers.training, &Training::previewed, this, [&] {
            if (previewed.count() == 1)
                QMetaObject::invokeMethod(
                    this, [&] { inFirstTurn = previewed.count(); }, Qt::QueuedConnection);
        });
        controllers.training.showRun({.name = "pictured", .folder = folder, .checkpoints = {}});
        QTRY_COMPARE_WITH_TIMEOUT(previewed.count(), previews, minute);
        QVERIFY2(inFirstTurn > 0 && inFirstTurn < previews, qPrintable(QString::number(inFirstTurn)));
    }

    void shardsAndRawWeightsAreKnownWithoutAskingTheDisk()
    {
        Session session;
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        const auto run = session.workspace().runsFolder() / "weighed";
        const auto both = run / "checkpoints/step-00000010", averageAlone = run / "checkpoints/step-00000020";
        for (const auto& file :
             {both / "state.json", both / "model.safetensors", both / "ema.safetensors", averageAlone / "state.json",
              averageAlone / "ema.safetensors", session.workspace().shardsFolder() / "train/shards.json"})
            test::writeText(file, "{}");
        QVERIFY(!session.hasShards() && session.checkpointsWithBothWeights().empty()); // as it was read
        session.refreshRuns();
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
        QVERIFY(session.hasShards());
        QVERIFY(session.checkpointsWithBothWeights() == std::set<std::filesystem::path>{both});
        std::filesystem::remove_all(run);
        std::filesystem::remove_all(session.workspace().shardsFolder() / "train");
        session.refreshRecords();
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
        QVERIFY(!session.hasShards());
        session.refreshRuns();
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
        QVERIFY(session.checkpointsWithBothWeights().empty());
    }

    /// There is nothing to train on: each fails at once, and the next one has its turn.
    void queuedTrainingsFollowOneAnother()
    {
        Session session;
        Controllers controllers(session);
        auto& training = controllers.training;
        session.openWorkspace(path("workspace"));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        QSignalSpy failed(&training, &Training::failed), changed(&training, &Training::queueChanged);
        TrainConfig config;
        config.schedule.steps = 7;
        QCOMPARE(training.enqueue(config, "run"), QString("run"));
        QVERIFY(training.active()); // nothing ran
        QCOMPARE(training.enqueue(config, "run"), QString("run-2"));
        config.schedule.steps = 8; // what is queued has its own
        QCOMPARE(training.enqueue(config, "run"), QString("run-3"));
        QCOMPARE(training.queue().size(), std::size_t(2));
        QCOMPARE(training.queue()[0].config.schedule.steps, std::int64_t(7));
        QCOMPARE(training.queue()[1].config.schedule.steps, std::int64_t(8));
        training.removeQueued(0);
        QCOMPARE(training.queue().front().runName, QString("run-3"));
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 2, minute);
        QTRY_VERIFY_WITH_TIMEOUT(!training.active() && session.idle(), minute);
        QCOMPARE(training.runName(), QString("run-3"));
        QVERIFY(training.queue().empty() && changed.count() >= 4);

        training.enqueue(config, "run");
        std::filesystem::create_directories(session.workspace().runsFolder() / "notes");
        QCOMPARE(training.enqueue(config, "notes"), QString("notes")); // a folder is no run; the disk is not asked
        training.stop();                                               // holds the queue, too
        QTRY_VERIFY_WITH_TIMEOUT(!training.active() && session.idle(), minute);
        QCOMPARE(training.queue().size(), std::size_t(1));
        training.startNext();
        QVERIFY(training.active() && training.queue().empty());
        QTRY_VERIFY_WITH_TIMEOUT(!training.active() && session.idle(), minute);
        const auto known = session.workspace().runsFolder() / "known";
        test::writeText(known / "metrics.jsonl", "");
        session.refreshRuns();
        QTRY_VERIFY_WITH_TIMEOUT(session.idle(), minute);
        QCOMPARE(training.enqueue(config, "known"), QString("known-2"));
        QTRY_VERIFY_WITH_TIMEOUT(!training.active() && session.idle(), minute);
        std::filesystem::remove_all(known);
    }

    void theQueueOutlivesTheProgram()
    {
        const auto file = folder_ / "workspace/training-queue.json";
        TrainConfig config;
        config.schedule.steps = 9;
        {
            Session session;
            Controllers controllers(session);
            session.openWorkspace(path("workspace"));
            QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
            QVERIFY(controllers.training.queue().empty());
            controllers.training.enqueue(config, "now");
            controllers.training.enqueue(config, "later");
            controllers.training.enqueue(config, "last");
            controllers.training.stop();
        } // at once: nobody waits for the disk
        QVERIFY(std::filesystem::exists(file));
        {
            Session session;
            Controllers controllers(session);
            auto& training = controllers.training;
            session.openWorkspace(path("workspace"));
            QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
            QVERIFY(!training.active()); // somebody is to start it
            QCOMPARE(training.queue().size(), std::size_t(2));
            QCOMPARE(training.queue()[0].runName, QString("later"));
            QCOMPARE(toYaml(training.queue()[1].config), toYaml(config));
            training.removeQueued(0);
            training.removeQueued(0);
        }
        QVERIFY(!std::filesystem::exists(file));
        test::writeText(file, "nonsense");
        Session session;
        Controllers controllers(session);
        QSignalSpy failed(&controllers.training, &Training::queueFailed);
        session.openWorkspace(path("workspace"));
        QTRY_COMPARE_WITH_TIMEOUT(failed.count(), 1, minute);
        const auto why = noticeText(failed[0][1].value<Notice>());
        QVERIFY2(why.contains("it was moved to training-queue.json.damaged"), qPrintable(why));
        QTRY_VERIFY_WITH_TIMEOUT(session.hasWorkspace() && session.idle(), minute);
        controllers.training.enqueue(config, "now");
        controllers.training.enqueue(config, "later"); // what waits is written
        controllers.training.stop();
        QTRY_VERIFY_WITH_TIMEOUT(std::filesystem::exists(file), minute);
        QCOMPARE(readTextFile(folder_ / "workspace/training-queue.json.damaged"), std::string("nonsense"));
        QTRY_VERIFY_WITH_TIMEOUT(!controllers.training.active() && session.idle(), minute);
        controllers.training.removeQueued(0);
        QTRY_VERIFY_WITH_TIMEOUT(!std::filesystem::exists(file), minute);
    }

    void aQueueWithTextsThatAreNoUtf8IsWritten()
    {
        const test::TemporaryFolder folder;
        TrainConfig config;
        config.data.shards = "caf\xe9";
        TrainingQueueFile().write(folder.path(), {{.config = config, .runName = "later"}}, 1);
        const auto found = TrainingQueueFile::read(folder.path());
        QCOMPARE(found.damage, std::string());
        QCOMPARE(found.value.size(), std::size_t(1));
        QCOMPARE(found.value[0].runName, QString("later"));
        QCOMPARE(found.value[0].config.data.shards, printableText("caf\xe9"));
    }

    void aQueuedTrainingOfAnotherVersionIsMovedAsideWithItsQueue()
    {
        const test::TemporaryFolder folder;
        const auto file = folder / "training-queue.json";
        const auto fault = [&](const std::string& text) {
            test::writeText(file, text);
            const auto found = TrainingQueueFile::read(folder.path());
            if (!found.value.empty() || std::filesystem::exists(file))
                return std::string("it is still there");
            const auto aside = folder / "training-queue.json.damaged";
            if (readTextFile(aside) != text)
                return std::string("it was not kept");
            std::filesystem::remove(aside);
            return found.damage;
        };
        QVERIFY(test::contains(fault("{}"), "of the type object where array was expected"));
        QVERIFY(test::contains(fault(R"([{"run": "mine"}])"), "it lacks \"config\""));
        QVERIFY(test::contains(fault(R"([{"run": "mine", "config": "schedule: {stepz: 3}"}])"), "stepz"));
    }

    void jobsEndBeforeTheControllersGo()
    {
        std::atomic<bool> running = false;
        Session session;
        {
            const Controllers controllers(session);
            auto* const runner = session.newJob(QStringLiteral("endless"), Page::Sample);
            QCOMPARE(runner->page(), Page::Sample);
            session.startJob(runner, makeJob([&running](const JobContext& context) {
                                 running = true;
                                 while (!context.shouldStop())
                                     std::this_thread::sleep_for(1ms);
                                 running = false;
                                 return JobEnd::Cancelled;
                             }));
            QTRY_VERIFY_WITH_TIMEOUT(running, minute);
        }
        QVERIFY(!running);
        QVERIFY(session.jobs().empty());
    }

private:
    QString path(const std::string& name) const { return QString::fromStdString((folder_ / name).string()); }

    test::TemporaryFolder folder_;
};

QTEST_GUILESS_MAIN(TestControllers)
#include "tst_controllers.moc"
