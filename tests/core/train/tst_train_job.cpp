#include "core/config/train_config.h"
#include "core/dataset/catalog.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"
#include "core/io/tensor.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runs/step_metrics.h"
#include "core/runtime/job.h"
#include "core/train/black_box.h"
#include "core/train/trainer.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_training.h"

#include <QString>
#include <QtTest/QTest>

#include <chrono>
#include <fstream>
#include <optional>
#include <thread>

using namespace nanodit;
using namespace nanodit::test;

namespace {

std::vector<std::filesystem::path> eventFiles(const std::filesystem::path& run)
{
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(run)) {
        if (entry.path().filename().string().starts_with("events.out.tfevents."))
            files.push_back(entry.path());
    }
    return files;
}

} // namespace

class TestTrainJob : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void leavesARunThatCanBeRead()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(6);
        config.previews.every = 3;
        const auto outcome = train(requestFor(tiny, "first", config));
        QVERIFY(outcome.end == JobEnd::Finished);
        QCOMPARE(outcome.report.lastStep, 6);
        QVERIFY(outcome.report.parameters > 10000);

        const auto runs = listRuns(tiny.workspace);
        QCOMPARE(runs.size(), 1U);
        QCOMPARE(runs[0].name, "first");
        QCOMPARE(runs[0].checkpoints.size(), 2U); // of steps 4 and 6
        QCOMPARE(runs[0].checkpoints.back(), outcome.report.checkpoint);
        const auto metrics = readMetrics(runs[0].folder);
        QCOMPARE(metrics.size(), 6U);
        QCOMPARE(metrics.back().step, 6);
        QCOMPARE(metrics.back().loss, outcome.steps.back().loss);
        const auto written = readTrainConfig(runs[0].folder / "config.yaml");
        QCOMPARE(written.model.textDim, 12);
        QCOMPARE(written.model.latentChannels, 4);
        QVERIFY(!readTextFile(runs[0].folder / "log.txt").empty());

        const auto events = eventFiles(runs[0].folder);
        QCOMPARE(events.size(), 1U);
        for (const auto* tag : {"loss_by_t/0.75-1", "grad_norm_dino_patch_proj", "preview/val0"})
            QVERIFY2(readTextFile(events[0]).find(tag) != std::string::npos, tag);

        QCOMPARE(outcome.previews.size(), 4U); // 2 records at steps 3 and 6
        QCOMPARE(outcome.previews[0].step, 3);
        QCOMPARE(outcome.previews[0].picture.size, tiny.square);
        QCOMPARE(outcome.previews[0].reference.size, tiny.square);
        QVERIFY(outcome.previews[0].caption.starts_with("a drawing of"));
        QVERIFY(std::filesystem::exists(runs[0].folder / "samples" / "step-00000003-val0.png"));

        const auto state = readCheckpointState(outcome.report.checkpoint);
        QCOMPARE(state.dino.cls.width(), 12);
        QCOMPARE(state.textTokens, 8);
    }

    void aStoppedRunGoesOnAsIfItHadNotBeen()
    {
        const TinyWorkspace tiny;
        const auto config = tinyConfig(9);
        const auto whole = train(requestFor(tiny, "whole", config));
        const auto stopped = train(requestFor(tiny, "parts", config), 5);
        QVERIFY(stopped.end == JobEnd::Cancelled);
        QCOMPARE(stopped.report.lastStep, 5);
        QCOMPARE(stopped.report.checkpoint.filename(), "step-00000005");
        auto request = requestFor(tiny, "parts", config);
        request.resume = true;
        const auto resumed = train(std::move(request));
        QCOMPARE(resumed.report.firstStep, 5);
        for (const auto* file : {"model.safetensors", "ema.safetensors", "optimizer.safetensors"})
            QVERIFY2(readTextFile(whole.report.checkpoint / file) == readTextFile(resumed.report.checkpoint / file),
                     file);
        const auto a = readMetrics(tiny.workspace.runsFolder() / "whole"),
                   b = readMetrics(tiny.workspace.runsFolder() / "parts");
        QCOMPARE(a.size(), b.size());
        for (std::size_t i = 0; i < a.size(); ++i)
            QCOMPARE(a[i].loss, b[i].loss);
    }

    void aPauseIsNoTimeOfAStep()
    {
        const TinyWorkspace tiny;
        JobContext context;
        std::jthread person;
        std::vector<StepMetrics> steps;
        using Clock = std::chrono::steady_clock;
        Clock::time_point began, ended;                           // a time that holds the second step
        auto request = requestFor(tiny, "paused", tinyConfig(2)); // of two micro-batches of two samples
        request.device.threads = 2;
        request.onStep = [&](const StepMetrics& metrics) {
            steps.push_back(metrics);
            ended = Clock::now();
            if (metrics.step > 1)
                return;
            context.control->pause();
            person = std::jthread([&context] {
                std::this_thread::sleep_for(std::chrono::seconds(2));
                context.control->resume();
            });
        };
        const auto job = makeTrainJob(std::move(request));
        began = Clock::now();
        QVERIFY(job->run(context) == JobEnd::Finished);
        QCOMPARE(steps.size(), std::size_t(2));
        const std::chrono::duration<double> whole = ended - began;
        const double least = 4 / (whole.count() - 2); // without the pause, however busy the machine is
        QVERIFY2(steps[1].samplesPerSecond >= least, qPrintable(QString::number(steps[1].samplesPerSecond)));
    }

    void aStepWithoutAllOfItsBatchesIsForgotten()
    {
        auto config = tinyConfig(2); // of two micro-batches
        config.model = tinyModelConfig();
        Trainer trainer(config, 8);
        const auto batch = randomBatch(config.model, 2);
        trainer.step([&batch] { return batch; });
        const auto weight = trainer.parameters().front().value.detach();
        const auto before = weight.clone();
        int asked = 0;
        const auto metrics = trainer.step([&]() -> std::optional<Batch> {
            return ++asked == 2 ? std::nullopt : std::optional(batch); // it was told to stop while it waited
        });
        QVERIFY(!metrics);
        QCOMPARE(asked, 2);
        QCOMPARE(trainer.stepsDone(), std::int64_t{1});
        QVERIFY(weight.equal(before));
    }

    void resumingForgetsMetricsBehindTheCheckpoint()
    {
        const TinyWorkspace tiny;
        train(requestFor(tiny, "killed", tinyConfig(4)));
        const auto run = tiny.workspace.runsFolder() / "killed";
        { // As a process leaves it that is killed at step 6: two more lines, and a third half-written.
            std::ofstream file(run / "metrics.jsonl", std::ios::app);
            for (const auto step : {5, 6}) {
                StepMetrics metrics;
                metrics.step = step;
                file << toJson(metrics).dump() << "\n";
            }
            file << "{\"step\": 7, \"lo";
        }
        QCOMPARE(readMetrics(run).size(), 6U);
        auto request = requestFor(tiny, "killed", tinyConfig(5));
        request.resume = true;
        train(std::move(request));
        const auto metrics = readMetrics(run);
        QCOMPARE(metrics.size(), 5U);
        QVERIFY(metrics[4].loss > 0);
    }

    void previewsArePaintedWhereTheOriginalIsDamaged()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(2);
        config.previews.every = 2;
        const auto whole = train(requestFor(tiny, "whole", config));
        QCOMPARE(whole.previews.size(), 2U);
        QVERIFY(!whole.previews[0].reference.empty());
        std::filesystem::resize_file(tiny.workspace.imagesFolder() / "val0.png", 20);
        const auto outcome = train(requestFor(tiny, "damaged", config));
        QCOMPARE(outcome.previews.size(), 2U);
        QVERIFY(outcome.previews[0].reference.empty());
        QVERIFY(outcome.previews[0].picture.rgb == whole.previews[0].picture.rgb);
    }

    void damagedSamplesAreCountedAndNamed()
    {
        const TinyWorkspace tiny;
        const auto shard = tiny.workspace.shardsFolder() / "train/bucket_64x64/shard-000000.tar";
        auto text = readTextFile(shard);
        text[text.find("train4.vae.npy") + 200] ^= 1; // in the entry's header
        std::ofstream(shard, std::ios::binary | std::ios::trunc) << text;
        auto config = tinyConfig(5); // 20 samples: more than an epoch
        config.data.prefetch = 1;
        const auto outcome = train(requestFor(tiny, "damaged", config));
        QCOMPARE(outcome.steps.back().damagedSamples, 1);
        QCOMPARE(readMetrics(tiny.workspace.runsFolder() / "damaged").back().damagedSamples, 1);
        QVERIFY2(outcome.log.find("sample train4 was left out") != std::string::npos, outcome.log.c_str());
    }

    void aShardThatIsGoneIsOneWarning()
    {
        const TinyWorkspace tiny;
        std::filesystem::remove(tiny.workspace.shardsFolder() / "train/bucket_64x64/shard-000000.tar");
        const auto outcome = train(requestFor(tiny, "gone", tinyConfig(5)));
        QCOMPARE(outcome.steps.back().damagedSamples, 8);
        const auto log = QString::fromStdString(outcome.log);
        QCOMPARE(log.count("was left out"), 1);
        QVERIFY2(log.contains("none of its 8 samples can be read"), qPrintable(log));
    }

    void aSetThatWasNotPackedAgainIsToldOf()
    {
        const TinyWorkspace tiny;
        {
            auto catalog = Catalog::open(tiny.workspace);
            Record record;
            record.id = "train1";
            record.bucket = TinyWorkspace::square;
            catalog.put(record);
            Provenance made;
            made.madeAt = "2999-01-01T00:00:00Z";
            catalog.recordMade("train1", ArrayKind::T5, made);
        }
        const auto outcome = train(requestFor(tiny, "old", tinyConfig(1)));
        QVERIFY2(outcome.log.find("encoded again after the set was packed (the first is train1)") != std::string::npos,
                 outcome.log.c_str());
    }

    void refusesToMixRuns()
    {
        const TinyWorkspace tiny;
        train(requestFor(tiny, "once", tinyConfig(1)));
        QVERIFY(errorOf([&] { train(requestFor(tiny, "once", tinyConfig(1))); }).find("exists already") !=
                std::string::npos);
        auto request = requestFor(tiny, "never", tinyConfig(1));
        request.resume = true;
        QVERIFY(errorOf([&] { train(std::move(request)); }).find("cannot be resumed") != std::string::npos);
        QVERIFY(errorOf([&] { train(requestFor(tiny, "../outside", tinyConfig(1))); }).find("slashes") !=
                std::string::npos);
        auto wider = tinyConfig(2);
        wider.model.hiddenSize = 64;
        request = requestFor(tiny, "once", wider);
        request.resume = true;
        const auto message = errorOf([&] { train(std::move(request)); });
        QVERIFY2(message.find("model.hidden_size 32 -> 64") != std::string::npos, message.c_str());
    }

    void servesCommandsAtTheNextStep()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(3);
        config.saving.every = 1000;
        config.saving.keep = 0;
        auto request = requestFor(tiny, "asked", config);
        request.commands->previewNow = true;
        request.commands->checkpointNow = true;
        const auto outcome = train(std::move(request));
        QCOMPARE(outcome.previews.size(), 2U);
        QCOMPARE(outcome.previews[0].step, 1);
        QCOMPARE(listCheckpoints(tiny.workspace.runsFolder() / "asked").size(), 2U);
    }

    void stopsAfterFiveStepsThatAreNotFinite()
    {
        const TinyWorkspace tiny(1e30F);
        const auto message = errorOf([&] { train(requestFor(tiny, "broken", tinyConfig(50))); });
        QVERIFY2(message.find("5 steps in a row") != std::string::npos && message.find("train") != std::string::npos,
                 message.c_str());
        const auto run = tiny.workspace.runsFolder() / "broken";
        QVERIFY(readTextFile(run / "log.txt").find("step 1 was skipped") != std::string::npos);
        const auto metrics = readMetrics(run);
        QCOMPARE(metrics.size(), 5U);
        QVERIFY(metrics[0].skipped && std::isnan(metrics[0].gradNorm));
        // The weights were finite all the time: they are saved, and with them the steps can be looked at again.
        QCOMPARE(listCheckpoints(run).front().filename(), "step-00000001");
        QCOMPARE(listCheckpoints(run).back().filename(), "step-00000005");
        QCOMPARE(readMetrics(run).size(), 5U);
        QVERIFY(std::filesystem::exists(run / "nonfinite/step-00000003.json"));
        for (const std::int64_t step : {1, 3, 5}) {
            ReplayReport report;
            ReplayRequest replay{.workspace = tiny.workspace, .runName = "broken"};
            replay.device.threads = 2;
            replay.finished = [&report](const ReplayReport& found) { report = found; };
            if (step != 5)
                replay.step = step;
            QVERIFY(makeReplayJob(std::move(replay))->run({}) == JobEnd::Finished);
            QCOMPARE(report.step, step);
            QCOMPARE(report.stepsBefore, step == 3 ? 1 : 0);
            QVERIFY(!report.sound());
            QCOMPARE(report.microBatches.size(), 2U);
            QVERIFY(!std::isfinite(report.microBatches[0].samples[0].loss));
            QVERIFY(report.microBatches[0].inputs.empty());
        }
        QCOMPARE(listCheckpoints(run).back().filename(), "step-00000005");
        ReplayRequest other{.workspace = tiny.workspace, .runName = "broken", .step = 7};
        const auto refused = errorOf([&] { makeReplayJob(std::move(other))->run({}); });
        QVERIFY2(refused.find("1, 2, 3, 4, 5") != std::string::npos, refused.c_str());
    }

    void aStepThatLeftOutAMicroBatchIsReplayedFromTheWeightsBefore()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(4);
        config.saving = {.every = 1, .keep = 0};
        train(requestFor(tiny, "partly", config));
        const auto run = tiny.workspace.runsFolder() / "partly";
        const auto position = readCheckpointState(run / "checkpoints/step-00000002").samplePosition;
        for (const bool skipped : {false, true}) {
            writeBlackBox(run, {.step = 3, .position = position, .skipped = skipped, .microBatches = {}}, {});
            ReplayReport report;
            ReplayRequest replay{.workspace = tiny.workspace, .runName = "partly"};
            replay.device.threads = 2;
            replay.finished = [&report](const ReplayReport& found) { report = found; };
            std::string warnings;
            JobContext context;
            context.log = [&warnings](LogLevel, const std::string& text) { warnings += text; };
            QVERIFY(makeReplayJob(std::move(replay))->run(context) == JobEnd::Finished);
            QCOMPARE(report.checkpoint.filename().string(), checkpointName(skipped ? 3 : 2));
            QCOMPARE(report.stepsBefore, 0);
            QCOMPARE(warnings, std::string());
        }
    }

    void aWarmStartLoadsWeightsAndHalvesTheRate()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(3);
        config.schedule.warmupSteps = 0;
        const auto first = train(requestFor(tiny, "teacher", config));
        config.warmStart.checkpoint = first.report.checkpoint.string();
        const auto second = train(requestFor(tiny, "pupil", config));
        QVERIFY2(second.log.find("0 new, 0 skipped, 0 of another shape") != std::string::npos, second.log.c_str());
        QCOMPARE(first.steps[0].lr, 1e-3);
        QCOMPARE(second.steps[0].lr, 5e-4);
        // The halved rate survives a resume.
        config.schedule.steps = 4;
        auto request = requestFor(tiny, "pupil", config);
        request.resume = true;
        QCOMPARE(train(std::move(request)).steps[0].lr, 5e-4);
    }

    void aWarmStartThatTakesNextToNothingIsWarnedOf()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(2);
        const auto other = tiny.workspace.root / "other.safetensors";
        writeTensors(other,
                     {{"net.patch_embed.bias", at::ones({config.model.hiddenSize})}, {"net.rest", at::ones({3})}});
        config.warmStart.checkpoint = other.string();
        const auto outcome = train(requestFor(tiny, "pupil", config));
        for (const auto* const part : {"nearly a start from random weights", "1 of ", "lose \"net.\""})
            QVERIFY2(outcome.log.find(part) != std::string::npos, outcome.log.c_str());
    }

    void aWarmStartThatFailsLeavesItsNameFree()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(1);
        const auto broken = tiny.workspace.root / "broken.safetensors";
        writeText(broken, "no weights");
        config.warmStart.checkpoint = broken.string();
        QVERIFY(errorOf([&] { train(requestFor(tiny, "pupil", config)); }).find("broken.safetensors") !=
                std::string::npos);
        QCOMPARE(freeRunName(tiny.workspace, "pupil"), std::string("pupil"));
        train(requestFor(tiny, "pupil", tinyConfig(1)));
        QCOMPARE(freeRunName(tiny.workspace, "pupil"), std::string("pupil-2"));
    }

    void aRunThatHasDoneAllItsStepsSaysSo()
    {
        const TinyWorkspace tiny;
        train(requestFor(tiny, "done", tinyConfig(4)));
        auto request = requestFor(tiny, "done", tinyConfig(3));
        request.resume = true;
        const auto outcome = train(std::move(request));
        QVERIFY2(outcome.log.find("nothing is left to train: the run has done 4 steps") != std::string::npos,
                 outcome.log.c_str());
        QVERIFY(outcome.steps.empty());

        request = requestFor(tiny, "done", tinyConfig(3));
        request.resume = true;
        std::optional<Progress> last;
        JobContext context;
        context.report = [&last](const Progress& progress) {
            if (progress.stage == Stage::Training)
                last = progress;
        };
        QVERIFY(makeTrainJob(std::move(request))->run(context) == JobEnd::Finished);
        QVERIFY(last.has_value());
        QCOMPARE(last->done, 4);
        QCOMPARE(last->total, 4);
    }

    void weightsThatAreNotFiniteAreNeverSaved()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(3);
        config.optimiser.lr = 1; // with this decay the weights are multiplied by -9 and more at each step
        config.optimiser.weightDecay = 10;
        config.optimiser.clip = 0;
        config.schedule.warmupSteps = 0;
        config.schedule.steps = 200;
        config.saving.every = 1;
        const auto message = errorOf([&] { train(requestFor(tiny, "burst", config)); });
        QVERIFY2(message.find("training") == 0, message.c_str());
        const auto checkpoints = listCheckpoints(tiny.workspace.runsFolder() / "burst");
        QVERIFY(!checkpoints.empty());
        for (const auto& checkpoint : checkpoints) {
            for (const auto& [name, tensor] : readTensors(checkpoint / "model.safetensors"))
                QVERIFY2(at::isfinite(tensor).all().item<bool>(), (checkpoint.string() + " " + name).c_str());
        }
    }

    void aWarmStartTakesAveragedWeightsWhereThereAreNoOthers()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(3);
        const auto first = train(requestFor(tiny, "teacher", config));
        std::filesystem::remove(first.report.checkpoint / "model.safetensors");
        config.warmStart.checkpoint = first.report.checkpoint.string();
        const auto second = train(requestFor(tiny, "pupil", config));
        QVERIFY2(second.log.find("0 new, 0 skipped, 0 of another shape") != std::string::npos, second.log.c_str());
    }

    void aHealthyShortRunPassesItsCheck()
    {
        const TinyWorkspace tiny;
        auto request = requestFor(tiny, "check", tinyConfig(60));
        request.check = true;
        const auto outcome = train(std::move(request));
        QVERIFY(outcome.report.checks.size() >= 13);
        for (const auto& line : outcome.report.checks) {
            // A model of 32 channels does not reach the velocity norm of a real one in 60 steps.
            QVERIFY2(line.passed || line.what.starts_with("velocity norm"),
                     (line.what + ": " + line.found + ", expected " + line.expected).c_str());
        }
        const auto lineOf = [&outcome](const std::string& start) {
            for (const auto& line : outcome.report.checks) {
                if (line.what.starts_with(start))
                    return line;
            }
            return CheckLine{};
        };
        QCOMPARE(lineOf("context tokens in 64x64").found, "25"); // 8 + 1 + 4 x 4
        QCOMPARE(lineOf("context tokens in 96x48").found, "27"); // 8 + 1 + 3 x 6
        QVERIFY(lineOf("gradient of blocks.1.cross_attn.kv").passed);
        QVERIFY(lineOf("gradient of dino_patch_proj").passed);
        QVERIFY(outcome.log.find("samples with null patches: ") != std::string::npos);
    }

    void aSickRunFailsItsCheck()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(12);
        config.optimiser.lr = 0; // learns nothing: its last layer stays zero, so that no gradient reaches the patches
        auto request = requestFor(tiny, "sick", config);
        request.check = true;
        const auto outcome = train(std::move(request));
        QVERIFY(!outcome.report.passed());
        int failed = 0;
        for (const auto& line : outcome.report.checks)
            failed += !line.passed && (line.what.starts_with("gradient of") || line.what.starts_with("velocity norm"));
        QCOMPARE(failed, 4); // dino_patch_proj, two blocks, the velocity norm
    }
};

QTEST_APPLESS_MAIN(TestTrainJob)
#include "tst_train_job.moc"
