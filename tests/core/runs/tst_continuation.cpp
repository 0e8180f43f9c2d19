#include "core/config/train_config.h"
#include "core/io/atomic_file.h"
#include "core/runs/continuation.h"
#include "tests/support/test_data.h"

#include <QtTest/QTest>

using namespace nanodit;
using namespace nanodit::test;

namespace fs = std::filesystem;

class TestContinuation : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aRunGoesOnByWhatItsNewestCheckpointHolds()
    {
        const auto run = [this](const std::string& name) { return found(name); };
        makeCheckpoint("whole", 250, true);
        makeCheckpoint("averaged", 7000, false);
        fs::create_directories(workspace_.runsFolder() / "empty");
        writeFileAtomically(workspace_.runsFolder() / "empty" / "config.yaml", toYaml({}));
        QCOMPARE(continuationOf(run("whole"), 1000), Continuation::Resume);
        QCOMPARE(continuationOf(run("whole"), 250), Continuation::TrainLonger);
        QCOMPARE(continuationOf(run("averaged"), 10000), Continuation::StartFrom);
        QCOMPARE(continuationOf(run("empty"), 10000), Continuation::StartAgain);
        QCOMPARE(stepsDone(run("averaged")), 7000);
        QCOMPARE(stepsDone(run("empty")), 0);
        makeCheckpoint("whole", 500, false); // the newest counts
        QCOMPARE(continuationOf(run("whole"), 1000), Continuation::StartFrom);
    }

    void onlyARunThatWasStoppedBeforeItsEndIsInterrupted()
    {
        QVERIFY(interruptedRun(listRuns(workspace_)) == nullptr);
        makeCheckpoint("averaged", 7000, false);
        configure("averaged", 10000);
        QVERIFY(interruptedRun(listRuns(workspace_)) == nullptr);
        makeCheckpoint("stopped", 250, true);
        QVERIFY(interruptedRun(listRuns(workspace_)) == nullptr); // without a configuration it cannot be resumed
        configure("stopped", 1000);
        const auto runs = listRuns(workspace_);
        const auto* const interrupted = interruptedRun(runs);
        QVERIFY(interrupted != nullptr);
        QCOMPARE(interrupted->name, "stopped");
        configure("stopped", 250);
        QVERIFY(interruptedRun(listRuns(workspace_)) == nullptr);
        writeFileAtomically(workspace_.runsFolder() / "stopped" / "config.yaml", "model: [");
        QVERIFY(interruptedRun(listRuns(workspace_)) == nullptr);
    }

    void init()
    {
        folder_ = std::make_unique<TemporaryFolder>();
        workspace_ = Workspace::create(*folder_ / "w");
    }

private:
    void makeCheckpoint(const std::string& run, std::int64_t step, bool withOptimiser)
    {
        const auto folder = workspace_.runsFolder() / run / "checkpoints" / checkpointName(step);
        fs::create_directories(folder);
        writeFileAtomically(folder / "state.json", "{}");
        writeFileAtomically(folder / "ema.safetensors", "");
        if (withOptimiser) {
            writeFileAtomically(folder / "model.safetensors", "");
            writeFileAtomically(folder / "optimizer.safetensors", "");
        }
    }
    void configure(const std::string& run, std::int64_t steps)
    {
        TrainConfig config;
        config.schedule.steps = steps;
        writeFileAtomically(workspace_.runsFolder() / run / "config.yaml", toYaml(config));
    }
    RunInfo found(const std::string& name) const
    {
        for (const auto& run : listRuns(workspace_)) {
            if (run.name == name)
                return run;
        }
        return {};
    }

    std::unique_ptr<TemporaryFolder> folder_;
    Workspace workspace_;
};

QTEST_APPLESS_MAIN(TestContinuation)
#include "tst_continuation.moc"
