#include "core/io/atomic_file.h"
#include "core/runs/catalogue.h"
#include "core/runs/configurations.h"
#include "core/runs/previews.h"
#include "core/runtime/error.h"
#include "tests/support/test_data.h"

#include <QTemporaryDir>
#include <QtTest/QTest>

#include <chrono>

using namespace nanodit;
namespace fs = std::filesystem;

class TestCatalogue : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void init();
    void cleanup();
    void checkpointNamesGoThereAndBack();
    void checkpointsComeByStepAndOnlyCompleteOnes();
    void theNewestCheckpointIsOfTheRunThatWroteLast();
    void aFreeNameIsOneThatNoFolderHas();
    void aRunsStateFollowsItsSteps();
    void subjectsAreCheckpointsAndReports();
    void rawWeightsAreValidatedBesideTheirAverage();
    void previewsComeBackByTheirNames();
    void aConfigurationIsAFileOrAShippedName();

private:
    fs::path checkpoint(const std::string& run, std::int64_t step, std::chrono::seconds age = {});

    std::unique_ptr<QTemporaryDir> folder_;
    Workspace workspace_;
};

void TestCatalogue::init()
{
    folder_ = std::make_unique<QTemporaryDir>();
    workspace_ = {};
    workspace_.root = folder_->path().toStdString();
}

void TestCatalogue::cleanup()
{
    folder_.reset();
}

fs::path TestCatalogue::checkpoint(const std::string& run, std::int64_t step, std::chrono::seconds age)
{
    const auto path = workspace_.runsFolder() / run / "checkpoints" / checkpointName(step);
    fs::create_directories(path);
    writeFileAtomically(path / "state.json", "{}");
    fs::last_write_time(path, fs::file_time_type::clock::now() - age);
    return path;
}

void TestCatalogue::checkpointNamesGoThereAndBack()
{
    QCOMPARE(checkpointName(1000), "step-00001000");
    for (const std::int64_t step : {0LL, 1LL, 99999999LL, 100000000LL})
        QCOMPARE(checkpointStep(checkpointName(step)), std::optional(step));
    for (const char* other : {"", "step-", "step-12x", "step--1", "Step-1", "epoch-3", "step-99999999999999999999"})
        QVERIFY2(!checkpointStep(other), other);
}

void TestCatalogue::checkpointsComeByStepAndOnlyCompleteOnes()
{
    const auto late = checkpoint("a", 100000000), early = checkpoint("a", 20);
    fs::create_directories(early.parent_path() / "step-00000030"); // no state.json
    fs::create_directories(early.parent_path() / ".nanodit-1.tmp");
    QCOMPARE(listCheckpoints(workspace_.runsFolder() / "a"), (std::vector<fs::path>{early, late}));
    QVERIFY(listCheckpoints(workspace_.runsFolder() / "none").empty());
}

void TestCatalogue::theNewestCheckpointIsOfTheRunThatWroteLast()
{
    QVERIFY_EXCEPTION_THROWN(newestCheckpoint(workspace_), UsageError);
    checkpoint("a", 900, std::chrono::seconds(60));
    const auto ofB = checkpoint("b", 20);
    checkpoint("b", 10);
    QCOMPARE(newestCheckpoint(workspace_), ofB);
    QCOMPARE(newestCheckpoint(workspace_, "a").filename().string(), checkpointName(900));
    QVERIFY_EXCEPTION_THROWN(newestCheckpoint(workspace_, "c"), UsageError);
    checkpoint("portraits", 5, std::chrono::seconds(90));
    const auto refusal = test::errorOf([this] { newestCheckpoint(workspace_, "potraits"); });
    QVERIFY2(refusal.ends_with("; did you mean \"portraits\"?"), refusal.c_str());
    QCOMPARE(nearestRun(workspace_, "landscapes"), std::string());
    const auto runs = listRuns(workspace_);
    QCOMPARE(newestRun(runs)->name, "b");
    QCOMPARE(newestRun({}), nullptr);
}

void TestCatalogue::aFreeNameIsOneThatNoFolderHas()
{
    QCOMPARE(freeRunName(workspace_), "run");
    checkpoint("run", 1);
    fs::create_directories(workspace_.runsFolder() / "run-2"); // not a run yet, but taken
    QCOMPARE(freeRunName(workspace_), "run-3");
    QCOMPARE(freeRunName(workspace_, "warm"), "warm");
    QCOMPARE(freeRunName(listRuns(workspace_)), "run-2"); // of the runs alone
    QCOMPARE(freeRunName(std::vector<RunInfo>()), "run");
}

void TestCatalogue::aRunsStateFollowsItsSteps()
{
    checkpoint("a", 10);
    const auto run = listRuns(workspace_).front();
    const RunInfo begun{.name = "b", .folder = {}, .checkpoints = {}};
    QCOMPARE(runState(run, 10, 10), RunState::Finished);
    QCOMPARE(runState(run, 10, 20), RunState::Stopped);
    QCOMPARE(runState(run, 10, 0), RunState::Stopped);
    QCOMPARE(runState(begun, 3, 20), RunState::NoCheckpoint);
    QCOMPARE(runState(run, 10, 10, true), RunState::Running);
    QCOMPARE(runStateName(RunState::NoCheckpoint), "no checkpoint");
}

void TestCatalogue::subjectsAreCheckpointsAndReports()
{
    const auto at20 = checkpoint("a", 20);
    checkpoint("b", 5);
    const auto report = workspace_.runsFolder() / "a" / "validation" / checkpointName(10);
    fs::create_directories(report);
    writeFileAtomically(report / "report.json", "{}");
    fs::create_directories(report.parent_path() / checkpointName(20)); // begun, no report
    const auto subjects = validationSubjects(listRuns(workspace_));
    QCOMPARE(subjects.size(), std::size_t{3});
    QCOMPARE(subjects[0].step, 20);
    QCOMPARE(subjects[0].checkpoint, at20);
    QVERIFY(subjects[0].report.empty());
    QCOMPARE(subjects[1].step, 10);
    QVERIFY(subjects[1].checkpoint.empty());
    QCOMPARE(subjects[1].report, report);
    QCOMPARE(subjects[2].run, "b");
}

void TestCatalogue::rawWeightsAreValidatedBesideTheirAverage()
{
    const auto at20 = checkpoint("a", 20);
    const auto reports = workspace_.runsFolder() / "a" / "validation";
    for (const auto* const file : {"model.safetensors", "ema.safetensors"})
        writeFileAtomically(at20 / file, "x");
    QCOMPARE(validationFolder(at20), reports / checkpointName(20));
    QCOMPARE(validationFolder(at20.string() + "/"), reports / checkpointName(20));
    QCOMPARE(validationFolder(at20 / "ema.safetensors"), reports / checkpointName(20));
    QCOMPARE(validationFolder(at20 / "model.safetensors"), reports / (checkpointName(20) + "-raw"));
    QVERIFY(validationFolder(workspace_.root / "model.safetensors").empty());
    QVERIFY(isOfRawWeights(reports / (checkpointName(20) + "-raw")) && !isOfRawWeights(reports / checkpointName(20)));
    QVERIFY(!isOfRawWeights(reports / "mine-raw"));
    const auto unvalidated = validationSubjects(listRuns(workspace_)); // both can be
    QCOMPARE(unvalidated.size(), std::size_t{2});
    QVERIFY(!unvalidated[0].raw && unvalidated[1].raw && unvalidated[1].report.empty());
    QCOMPARE(unvalidated[0].checkpoint, at20);
    QCOMPARE(unvalidated[1].checkpoint, at20 / "model.safetensors");
    for (const auto& name : {checkpointName(20), checkpointName(20) + "-raw"}) {
        fs::create_directories(reports / name);
        writeFileAtomically(reports / name / "report.json", "{}");
    }
    const auto subjects = validationSubjects(listRuns(workspace_));
    QCOMPARE(subjects.size(), std::size_t{2});
    QVERIFY(!subjects[0].raw && subjects[1].raw);
    QCOMPARE(subjects[1].step, 20);
    QCOMPARE(subjects[1].checkpoint, at20 / "model.safetensors");
    QCOMPARE(subjects[1].report, reports / (checkpointName(20) + "-raw"));
    // Without an average the raw weights are the usual ones.
    fs::remove(at20 / "ema.safetensors");
    QCOMPARE(validationFolder(at20 / "model.safetensors"), reports / checkpointName(20));
    const auto alone = validationSubjects(listRuns(workspace_));
    QCOMPARE(alone.size(), std::size_t{2}); // the report of the raw ones is still there
    QVERIFY(alone[1].raw && alone[1].checkpoint.empty());
}

void TestCatalogue::previewsComeBackByTheirNames()
{
    const auto run = workspace_.runsFolder() / "a";
    for (const auto& file :
         {previewFile(run, 500, "cats__tabby-2"), previewFile(run, 500, "boat"), previewFile(run, 1000, "boat"),
          run / "samples" / "notes.png", run / "samples" / "step-00000500.png"})
        writeFileAtomically(file, "x");
    const auto previews = listPreviews(run);
    QCOMPARE(previews.size(), std::size_t{2});
    QCOMPARE(previews.at(500).size(), std::size_t{2});
    QCOMPARE(previews.at(500)[0].recordId, "boat");
    QCOMPARE(previews.at(500)[1].recordId, "cats__tabby-2");
    QCOMPARE(previews.at(1000)[0].file, previewFile(run, 1000, "boat"));
    writeFileAtomically(previewFile(run, 700, "boat", PreviewKind::ClsOnly), "x");
    QCOMPARE(listPreviews(run).size(), std::size_t{2}); // each kind by itself
    QCOMPARE(listPreviews(run, PreviewKind::ClsOnly).at(700)[0].recordId, "boat");
    QVERIFY(listPreviews(run, PreviewKind::Raw).empty());
    QVERIFY(listPreviews(run / "none").empty());
}

void TestCatalogue::aConfigurationIsAFileOrAShippedName()
{
    const auto own = workspace_.root / "mine.yaml";
    writeFileAtomically(own, "");
    QCOMPARE(configurationFile(own.string()), own);
    QCOMPARE(configurationFile("base").filename().string(), "base.yaml");
    try {
        configurationFile("bse");
        QFAIL("a name that is none was taken");
    } catch (const UsageError& error) {
        QVERIFY(std::string(error.what()).find("base, demo") != std::string::npos);
    }
    QCOMPARE(suitableConfiguration(workspace_), "base"); // no encoder
}

QTEST_APPLESS_MAIN(TestCatalogue)
#include "tst_catalogue.moc"
