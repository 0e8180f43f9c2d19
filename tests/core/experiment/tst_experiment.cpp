#include "core/config/model_config.h"
#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/dataset/record_info.h"
#include "core/dataset/shard_set.h"
#include "core/demo/demo_job.h"
#include "core/experiment/experiment.h"
#include "core/experiment/work_claim.h"
#include "core/inspect/inspection.h"
#include "core/io/atomic_file.h"
#include "core/preprocess/workspace_state.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_lock.h"
#include "core/runtime/job.h"
#include "core/validate/validation.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <thread>

using namespace nanodit;
using namespace nanodit::test;
namespace fs = std::filesystem;

namespace {

constexpr std::int64_t steps = 5, seeds = 2, records = 2;

TrainConfig tinyConfig()
{
    TrainConfig config;
    config.model.hiddenSize = 32;
    config.model.depth = 2;
    config.model.numHeads = 2;
    config.model.mlpRatio = 2;
    config.model.frequencyDim = 16;
    config.data.batchSize = 4;
    config.optimiser.lr = 3e-3;
    config.schedule = {.steps = steps, .warmupSteps = 1, .decay = Decay::Constant};
    config.ema.decay = 0.5;
    config.saving.every = 2;
    return config;
}

} // namespace

/// Small experiments on a demo of 30 scenes: two arms, two seeds, a few steps.
class TestExperiment : public QObject {
    Q_OBJECT

    const TemporaryFolder folder_;
    Workspace workspace_;
    std::optional<ExperimentReport> whole_;

    ExperimentRequest request(const std::string& folder) const
    {
        ExperimentRequest request;
        request.workspace = workspace_;
        request.folder = folder_ / folder;
        request.config = tinyConfig();
        request.arms = {"patches-rope-prior", "misaligned"};
        request.seeds = seeds;
        request.validation.records = records;
        request.validation.steps = 2;
        request.validation.tasks = {ValidationTask::Reconstruction, ValidationTask::TextOnly};
        request.device.threads = 1;
        return request;
    }
    std::string report(const std::string& folder) const { return readTextFile(folder_ / (folder + "/report.json")); }

private Q_SLOTS:
    void initTestCase()
    {
        DemoRequest demo;
        demo.folder = folder_ / "demo";
        demo.scenes = 30;
        QVERIFY(makeDemoJob(demo)->run({}) == JobEnd::Finished);
        workspace_ = Workspace::open(demo.folder);
        auto whole = request("whole");
        whole.finished = [this](const ExperimentReport& made) { whole_ = made; };
        QVERIFY(makeExperimentJob(whole)->run({}) == JobEnd::Finished);
        QVERIFY(whole_);
    }

    void theReportIsWhatItsPartsAddUpTo()
    {
        for (const auto& arm : whole_->arms) {
            double sum = 0;
            for (std::int64_t seed = 1; seed <= seeds; ++seed) {
                const auto validation =
                    readValidationReport(folder_ / ("whole/validation/" + arm + "-seed" + std::to_string(seed)));
                int pictures = 0;
                for (const auto& picture : validation.pictures) {
                    if (picture.task == ValidationTask::Reconstruction) {
                        sum += picture.values.at("psnr");
                        ++pictures;
                    }
                }
                QCOMPARE(pictures, static_cast<int>(records));
            }
            const auto* const number = whole_->find(arm, "reconstruction.psnr");
            QVERIFY(number != nullptr);
            QCOMPARE(number->units, records);
            QVERIFY(std::abs(number->mean - sum / (seeds * records)) < 1e-9);
            // Attention on text, CLS and patches is all there is.
            const double shares = whole_->find(arm, "attention.text")->mean + whole_->find(arm, "attention.cls")->mean +
                                  whole_->find(arm, "attention.patches")->mean;
            QVERIFY(std::abs(shares - 1) < 1e-3);
        }
        // The loss of all samples is the weighted mean over categories, here of one model's only unit.
        const auto metrics = readMetrics(folder_ / "whole/runs/misaligned-seed1");
        QCOMPARE(metrics.size(), static_cast<std::size_t>(steps));
        double loss = 0;
        std::int64_t samples = 0;
        for (const auto& step : metrics) {
            if (step.samplesByDrop[0] > 0) {
                loss += step.lossByDrop[0] * static_cast<double>(step.samplesByDrop[0]);
                samples += step.samplesByDrop[0];
            }
        }
        const auto* const none = whole_->find("misaligned", "loss.none");
        QVERIFY(none != nullptr && samples > 0);
        QVERIFY(std::abs(none->bySeed[0] - loss / static_cast<double>(samples)) < 1e-9);

        for (const auto* const file : {"report.md", "report.html", "sheets/reconstruction.png", "sheets/text_only.png"})
            QVERIFY2(fs::exists(folder_ / "whole" / file), file);
        const auto page = readTextFile(folder_ / "whole/report.html");
        QVERIFY(page.find("http") == std::string::npos); // self-contained
        QVERIFY(page.find("What does misalignment cost?") != std::string::npos);
    }

    void armsDifferInTheirOneThing()
    {
        const auto configOf = [this](const std::string& model) {
            return readTrainConfig(folder_ / ("whole/runs/" + model + "/config.yaml"));
        };
        auto right = configOf("patches-rope-prior-seed2"), wrong = configOf("misaligned-seed2");
        QCOMPARE(wrong.data.shards, std::string("misaligned-train"));
        wrong.data.shards = right.data.shards;
        QCOMPARE(toYaml(wrong), toYaml(right));
        QCOMPARE(right.conditions.dropDino, 0.30);
        QVERIFY(!armConfig("cls", 1, tinyConfig()).model.useDinoPatches);
        const auto prior = armConfig("patches-prior", 1, tinyConfig()).model;
        QVERIFY(prior.patchPosition == PatchPosition::None && prior.patchPrior == PatchPrior::Learned);
        const auto rope = armConfig("patches-rope", 1, tinyConfig()).model;
        QVERIFY(rope.patchPosition == PatchPosition::Rope && rope.patchPrior == PatchPrior::None);
        // Holes are all that the arm with holes has beside rope and prior.
        auto holes = armConfig("patches-rope-prior-holes", 1, tinyConfig());
        const auto whole = armConfig("patches-rope-prior", 1, tinyConfig());
        QCOMPARE(holes.conditions.patchDropout, 0.5);
        QCOMPARE(whole.conditions.patchDropout, 0.0);
        holes.conditions.patchDropout = 0;
        QCOMPARE(toYaml(holes), toYaml(whole));
    }

    void misalignedDataFitInShapeAndDifferInContent()
    {
        const auto right = ShardSet::open(workspace_.shardsFolder() / "train");
        const auto wrong = ShardSet::open(folder_ / "whole/misaligned/shards/misaligned-train");
        QCOMPARE(wrong->entries().size(), right->entries().size());
        for (std::int64_t i = 0; i < static_cast<std::int64_t>(right->entries().size()); ++i) {
            const auto a = right->read(i), b = wrong->read(i);
            QCOMPARE(a.id, b.id); // so that a seed draws the same pictures from both
            QCOMPARE(a.patches.shape, b.patches.shape);
            QVERIFY(!std::ranges::equal(a.patches.bytes, b.patches.bytes));
            QVERIFY(std::ranges::equal(a.latent.bytes, b.latent.bytes));
            QVERIFY(std::ranges::equal(a.text.bytes, b.text.bytes));
        }
        // The workspace has not learned of them.
        QCOMPARE(std::distance(fs::directory_iterator(workspace_.shardsFolder()), fs::directory_iterator()), 2);
        for (const auto& record : listRecords(workspace_)) {
            for (const auto state : record.arrays)
                QVERIFY(state == ArrayState::Whole);
        }
    }

    /// Stopped again and again, wherever it is: at the end everything is as if it had not been.
    void stoppedAnywhereItEndsTheSame()
    {
        int stops = 0;
        for (int reports = 1;; reports += 2) {
            JobContext context;
            int seen = 0;
            context.report = [&](const Progress&) {
                if (++seen == reports)
                    context.control->requestStop();
            };
            const auto job = makeExperimentJob(request("parts"));
            if (job->run(context) == JobEnd::Finished)
                break;
            QVERIFY(++stops < 100);
        }
        QVERIFY2(stops >= 3, std::to_string(stops).c_str());
        QCOMPARE(report("parts"), report("whole"));
        for (const auto& arm : whole_->arms) {
            const auto model = arm + "-seed2/checkpoints/" + checkpointName(steps) + "/model.safetensors";
            QVERIFY(readTextFile(folder_ / ("parts/runs/" + model)) == readTextFile(folder_ / ("whole/runs/" + model)));
        }
    }

    void aTrainingKilledBeforeItsFirstCheckpointBeginsAnew()
    {
        auto one = request("killed");
        one.arms = {"patches-rope-prior"};
        one.seeds = 1;
        const auto run = folder_ / "killed/runs/patches-rope-prior-seed1";
        writeText(run / "metrics.jsonl", readTextFile(folder_ / "whole/runs/patches-rope-prior-seed2/metrics.jsonl"));
        QVERIFY(makeExperimentJob(one)->run({}) == JobEnd::Finished);
        QCOMPARE(readTextFile(run / "checkpoints" / checkpointName(steps) / "model.safetensors"),
                 readTextFile(folder_ / "whole/runs/patches-rope-prior-seed1/checkpoints" / checkpointName(steps) /
                              "model.safetensors"));
    }

    void aRunWhoseCheckpointsCannotBeSeenStays()
    {
        auto one = request("unseen");
        one.arms = {"patches-rope-prior"};
        one.seeds = 1;
        const auto run = folder_ / "unseen/runs/patches-rope-prior-seed1";
        writeText(run / "metrics.jsonl", "{}\n");
        writeText(run / "checkpoints", "no folder"); // whose listing fails, as that of a folder on a disk with errors
        const auto said = errorOf([&] { makeExperimentJob(one)->run({}); });
        QVERIFY2(said.find("it is not known whether") != std::string::npos, said.c_str());
        QVERIFY(fs::exists(run / "metrics.jsonl"));

        fs::remove(run / "checkpoints");
        const auto weights = run / "checkpoints" / checkpointName(2) / "model.safetensors";
        writeText(weights, "of a checkpoint whose state.json was lost");
        const auto refused = errorOf([&] { makeExperimentJob(one)->run({}); });
        QVERIFY2(refused.find("no complete checkpoint") != std::string::npos, refused.c_str());
        QVERIFY(fs::exists(weights));
    }

    void aModelThatIsBeingTrainedIsLeftToWhoTrainsIt()
    {
        auto one = request("elsewhere");
        one.arms = {"patches-rope-prior"};
        one.seeds = 1;
        const auto run = folder_ / "elsewhere/runs/patches-rope-prior-seed1";
        writeText(run / "metrics.jsonl", "{}\n"); // before its first checkpoint
        const RunLock lock(run, "patches-rope-prior-seed1");
        const auto said = errorOf([&] { makeExperimentJob(one)->run({}); });
        QVERIFY2(said.find("patches-rope-prior-seed1 is being trained by this program") != std::string::npos,
                 said.c_str());
        QVERIFY(fs::exists(run / "metrics.jsonl") && !lock.lost());
    }

    void finishedModelsAreLeftAloneAndMoreCanBeAdded()
    {
        const auto checkpoint =
            folder_ / "whole/runs/misaligned-seed1/checkpoints" / checkpointName(steps) / "model.safetensors";
        const auto before = fs::last_write_time(checkpoint);
        auto again = request("whole");
        again.reportOnly = true;
        QVERIFY(makeExperimentJob(again)->run({}) == JobEnd::Finished);
        again.reportOnly = false;
        again.arms.push_back("cls");
        std::optional<ExperimentReport> more;
        again.finished = [&more](const ExperimentReport& made) { more = made; };
        QVERIFY(makeExperimentJob(again)->run({}) == JobEnd::Finished);
        QVERIFY(fs::last_write_time(checkpoint) == before);
        QVERIFY(more->find("cls", "patches-rope-prior", "reconstruction.dino_distance") != nullptr);
        QCOMPARE(more->find("patches-rope-prior", "reconstruction.psnr")->mean,
                 whole_->find("patches-rope-prior", "reconstruction.psnr")->mean);
    }

    /// A sweep over three arms of one seed, stopped and gone on with, then with another arm.
    void aSweepIsTrainedGoneOnWithAndExtended()
    {
        auto sweep = request("sweep");
        sweep.arms.clear();
        sweep.seeds = 1;
        sweep.sweep = {sweepArm("plain"), sweepArm("aligned:repa.weight=0.5,repa.block=1"),
                       sweepArm("longer:schedule.steps=6,model.internal_head=1")};
        int stops = 0;
        for (int reports = 3;; reports += 6) {
            JobContext context;
            int seen = 0;
            context.report = [&](const Progress&) {
                if (++seen == reports)
                    context.control->requestStop();
            };
            if (makeExperimentJob(sweep)->run(context) == JobEnd::Finished)
                break;
            QVERIFY(++stops < 100);
        }
        QVERIFY(stops >= 1);
        const auto configOf = [this](const std::string& model) {
            return readTrainConfig(folder_ / ("sweep/runs/" + model + "/config.yaml"));
        };
        auto aligned = configOf("aligned-seed1");
        QCOMPARE(aligned.repa.weight, 0.5);
        aligned.repa = {};
        QCOMPARE(toYaml(aligned), toYaml(configOf("plain-seed1")));
        QVERIFY(fs::exists(folder_ / "sweep/runs/longer-seed1/checkpoints" / checkpointName(6)));
        QVERIFY(fs::exists(folder_ / "sweep/runs/aligned-seed1/checkpoints" / checkpointName(steps) /
                           "projector.safetensors"));

        sweep.sweep.push_back(sweepArm("slower:optimiser.lr=1e-4"));
        const auto before =
            fs::last_write_time(folder_ / "sweep/runs/plain-seed1/checkpoints" / checkpointName(steps) / "state.json");
        std::optional<ExperimentReport> made;
        sweep.finished = [&made](const ExperimentReport& report) { made = report; };
        QVERIFY(makeExperimentJob(sweep)->run({}) == JobEnd::Finished);
        QVERIFY(fs::last_write_time(folder_ / "sweep/runs/plain-seed1/checkpoints" / checkpointName(steps) /
                                    "state.json") == before);
        QCOMPARE(made->answers.size(), std::size_t{3});
        QVERIFY(made->find("plain", "slower", "reconstruction.psnr") != nullptr);
        const auto page = readTextFile(folder_ / "sweep/report.html");
        QVERIFY(page.find("Sweep over 4 arms") != std::string::npos &&
                page.find("repa.weight=0.5, repa.block=1") != std::string::npos);

        sweep.sweep[1] = sweepArm("aligned:repa.weight=1");
        const auto refused = errorOf([&] { makeExperimentJob(sweep)->run({}); });
        QVERIFY2(refused.find("the arm \"aligned\"") != std::string::npos, refused.c_str());
        sweep.sweep = {sweepArm("plain"), sweepArm("plain")};
        QVERIFY(errorOf([&] { makeExperimentJob(sweep)->run({}); }).find("twice") != std::string::npos);
        sweep.sweep = {sweepArm("plain")};
        QVERIFY(errorOf([&] { makeExperimentJob(sweep)->run({}); }).find("nothing to compare") != std::string::npos);
    }

    void aPlanWithTextsThatAreNoUtf8IsWrittenAndKnownAgain()
    {
        auto latin = request("latin");
        latin.config.data.shards = "caf\xe9";
        latin.reportOnly = true;
        const auto run = [&latin] { return errorOf([&latin] { makeExperimentJob(latin)->run({}); }); };
        for (int time = 0; time < 2; ++time) { // the second finds the plan of the first
            const auto said = run();
            QVERIFY2(said.find("no seed") != std::string::npos, said.c_str());
        }
        latin.config.data.shards = "th\xe9";
        QVERIFY(run().find("plan.json") != std::string::npos);
    }

    void aPlanIsReadAndWrittenByOneProcessAtATime()
    {
        auto one = request("together");
        one.reportOnly = true; // of which there is nothing: it ends behind the plan
        fs::create_directories(folder_ / "together/claims");
        auto other = WorkClaim::tryTake(folder_ / "together/claims/plan.lock");
        QVERIFY(other);
        bool early = false;
        std::string said;
        {
            const std::jthread process([&] { said = errorOf([&one] { makeExperimentJob(one)->run({}); }); });
            std::this_thread::sleep_for(std::chrono::milliseconds(300));
            early = fs::exists(folder_ / "together/plan.json");
            other.reset();
        }
        QVERIFY(!early);
        QVERIFY2(said.find("no seed") != std::string::npos, said.c_str());
        QVERIFY(fs::exists(folder_ / "together/plan.json"));
    }

    void otherSettingsAreRefused()
    {
        auto other = request("whole");
        other.config.schedule.steps = steps + 1;
        const auto refused = test::remedyOf([&] { makeExperimentJob(other)->run({}); });
        QVERIFY(test::remedyAs<remedy::ChooseFolder>(refused) != nullptr);
        other = request("whole");
        other.validation.records = records + 1;
        QVERIFY(errorOf([&] { makeExperimentJob(other)->run({}); }).find("plan.json") != std::string::npos);
        other = request("nothing");
        other.reportOnly = true;
        QVERIFY(errorOf([&] { makeExperimentJob(other)->run({}); }).find("no seed") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestExperiment)
#include "tst_experiment.moc"
