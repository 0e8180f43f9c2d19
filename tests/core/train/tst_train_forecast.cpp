#include "core/model/rounded_weight.h"
#include "core/runs/configurations.h"
#include "core/runtime/error.h"
#include "core/train/checkpoint_writer.h"
#include "core/train/forecast.h"
#include "core/train/trainer.h"
#include "tests/support/peak_bytes.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <algorithm>
#include <cmath>
#include <string_view>

using namespace nanodit;

namespace {

TrainData dataOf(ImageSize bucket, std::int64_t textTokens, std::int64_t textWidth, std::int64_t dinoWidth)
{
    TrainData data;
    data.buckets = {{.size = bucket, .samples = 100}};
    data.textTokens = textTokens;
    data.textWidth = textWidth;
    data.dinoWidth = dinoWidth;
    return data;
}

TrainConfig smallConfig()
{
    TrainConfig config;
    config.model.hiddenSize = 64;
    config.model.depth = 3;
    config.model.numHeads = 4;
    return config;
}

Batch randomBatch(const TrainConfig& config, const TrainData& data)
{
    const auto size = data.buckets[0].size;
    const auto samples = config.data.batchSize;
    Batch batch;
    batch.bucket = size;
    batch.patchGrid = dinoGrid(size, data.dinoPatch);
    for (std::int64_t i = 0; i < samples; ++i)
        batch.ids.push_back(std::to_string(i));
    batch.captions.resize(static_cast<std::size_t>(samples));
    batch.latent = at::randn({samples, data.latentChannels, size.height / 8, size.width / 8});
    batch.text = at::randn({samples, data.textTokens, data.textWidth});
    batch.textMask = at::ones({samples, data.textTokens}, at::kBool);
    batch.cls = at::randn({samples, data.dinoWidth});
    batch.patches = at::randn({samples, batch.patchGrid.count(), data.dinoWidth});
    return batch;
}

/// Bytes of tensors that lived at once in a step, with the moments and the gradients that it makes and uses.
std::int64_t measured(const TrainConfig& config, const TrainData& data)
{
    forgetLostWeights(); // of the trainer before, which would be given back in between
    return test::peakBytes([&] {
        Trainer trainer(config, data.textTokens);
        const auto batch = randomBatch(config, data);
        trainer.step([&batch] { return batch; });
    });
}

} // namespace

class TestTrainForecast : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void memoryIsThatOfAStep_data()
    {
        QTest::addColumn<QString>("config");
        QTest::addColumn<bool>("bf16");
        QTest::addColumn<bool>("checkpointing");
        QTest::addColumn<int>("batch");
        for (const auto* const config : {"demo", "base", "gated", "aligned"}) {
            for (const bool bf16 : {false, true}) {
                for (const bool checkpointing : {false, true}) {
                    for (const int batch : {1, 4}) {
                        if (batch > 1 && (std::string_view(config) == "gated" || std::string_view(config) == "aligned"))
                            continue; // what a batch adds is seen with the others
                        QTest::addRow("%s %s%s batch %d", config, bf16 ? "bf16" : "float32",
                                      checkpointing ? " checkpointing" : "", batch)
                            << config << bf16 << checkpointing << batch;
                    }
                }
            }
        }
    }
    void memoryIsThatOfAStep()
    {
        QFETCH(QString, config);
        QFETCH(bool, bf16);
        QFETCH(bool, checkpointing);
        QFETCH(int, batch);
        TrainConfig asked;
        TrainData data;
        if (config == "demo") {
            asked = readTrainConfig(configurationFile("demo"));
            data = dataOf({.width = 128, .height = 128}, 64, 64, 96);
        } else { // of the shape of base, smaller in every direction, so that it runs in seconds
            asked = readTrainConfig(configurationFile("base"));
            asked.model.hiddenSize = 256;
            asked.model.numHeads = 4;
            asked.model.depth = 4;
            data = dataOf({.width = 256, .height = 320}, 128, 1024, 384);
            if (config == "gated") {
                asked.model.gate = Gate::AdalnZero;
                asked.model.qkNorm = true;
                asked.ema.enabled = false;
            }
            if (config == "aligned") {
                asked.model.internalHead = 2;
                asked.repa.weight = 0.5;
            }
        }
        asked.precision = bf16 ? Precision::Bf16 : Precision::Float32;
        asked.checkpointing = checkpointing;
        asked.data.batchSize = batch;
        asked.model.textDim = data.textWidth;
        asked.model.dinoDim = data.dinoWidth;
        asked.metrics.attentionEvery = 0;
        auto memory = forecastTraining(asked, data).memory;
        memory.batches = 0;    // none is read ahead here
        memory.checkpoint = 0; // and none written
        const auto bytes = measured(asked, data);
        const auto share = static_cast<double>(memory.total()) / static_cast<double>(bytes);
        const auto fixed = memory.total() - memory.activations;
        const auto text = std::to_string(share) + " of " + std::to_string(bytes) + ": activations " +
                          std::to_string(memory.activations) + " where " + std::to_string(bytes - fixed) + " are";
        if (qEnvironmentVariableIsSet("NANODIT_SHOW"))
            qInfo("%s", text.c_str());
        QVERIFY2(share > 0.9 && share < 1.1, text.c_str());
    }

    void parametersAreThoseOfTheModel()
    {
        auto config = smallConfig();
        for (const bool patches : {true, false}) {
            for (const auto gate : {Gate::None, Gate::AdalnZero}) {
                for (const bool qkNorm : {true, false}) {
                    for (const auto prior : {PatchPrior::None, PatchPrior::Learned}) {
                        config.model.useDinoPatches = patches;
                        config.model.gate = gate;
                        config.model.qkNorm = qkNorm;
                        config.model.patchPrior = prior;
                        config.model.internalHead = qkNorm ? 2 : 0;
                        const auto data = dataOf({.width = 64, .height = 64}, 8, 24, 40);
                        auto made = config.model;
                        made.textDim = data.textWidth;
                        made.dinoDim = data.dinoWidth;
                        QCOMPARE(forecastTraining(config, data).parameters,
                                 elementCount(NanoDiT(made, 1).parameters()));
                    }
                }
            }
        }
    }

    void aCheckpointHoldsWhatIsTrainedBesideTheModel_data()
    {
        QTest::addColumn<QString>("optimiser");
        QTest::addColumn<bool>("gated");
        QTest::newRow("adamw") << "adamw" << false;
        QTest::newRow("muon") << "muon" << false; // one momentum of each matrix of a block
        QTest::newRow("muon, gated") << "muon" << true;
    }
    void aCheckpointHoldsWhatIsTrainedBesideTheModel()
    {
        QFETCH(QString, optimiser);
        QFETCH(bool, gated);
        auto config = smallConfig();
        config.optimiser.name = optimiser.toStdString();
        config.model.gate = gated ? Gate::AdalnZero : Gate::None;
        const auto data = dataOf({.width = 64, .height = 64}, 8, 24, 40);
        config.model.textDim = data.textWidth;
        config.model.dinoDim = data.dinoWidth;
        config.repa.weight = 0.5;
        const Trainer trainer(config, 8);
        const auto tensors = trainer.tensors();
        std::int64_t bytes = 0;
        for (const auto* const part : {&tensors.model, &tensors.ema, &tensors.optimiser, &tensors.projector}) {
            for (const auto& [name, tensor] : *part)
                bytes += name.ends_with(".step") ? 0 : 4 * tensor.numel(); // counts of steps are not counted
        }
        QCOMPARE(forecastTraining(config, data).checkpointBytes, bytes);
    }

    void theCopyThatIsWrittenIsThatOfACheckpoint()
    {
        auto config = smallConfig();
        config.repa.weight = 0.5;
        const auto data = dataOf({.width = 64, .height = 64}, 8, 24, 40);
        const auto projector = (9 * 64 + 1) * 40; // a convolution of 3 x 3 from 64 to 40, with its bias
        for (const bool averaged : {true, false}) {
            config.ema.enabled = averaged;
            const auto forecast = forecastTraining(config, data);
            const auto& memory = forecast.memory;
            // Weights and two moments of all that is trained; the average is of the model alone.
            QCOMPARE(memory.checkpoint,
                     4 * (3 * (forecast.parameters + projector) + (averaged ? forecast.parameters : 0)));
            QCOMPARE(memory.checkpoint, forecast.checkpointBytes);
            auto without = memory;
            without.checkpoint = 0;
            QCOMPARE(memory.total() - without.total(), forecast.checkpointBytes);
            const auto onGpu = forecastTraining(config, data, MemoryOf::Gpu); // where the machine holds the copy
            QCOMPARE(onGpu.memory.total(), without.total());
            QCOMPARE(onGpu.checkpointBytes, forecast.checkpointBytes);
        }
    }

    void whatIsCopiedForAThreadIsWhatTheForecastCounts()
    {
        auto config = smallConfig();
        const auto data = dataOf({.width = 64, .height = 64}, 8, 24, 40);
        config.model.textDim = data.textWidth;
        config.model.dinoDim = data.dinoWidth;
        const Trainer trainer(config, 8);
        const auto tensors = trainer.tensors();
        const test::TemporaryFolder folder;
        test::writeText(folder / "metrics.jsonl", "");
        CheckpointState state;
        state.run = "mine";
        state.step = 1;
        state.config = config;
        CheckpointWriter writer(folder.path(), config.saving);
        const auto copied = test::peakBytes([&] { writer.begin(state, tensors); });
        writer.finish();
        const auto counted = forecastTraining(config, data).memory.checkpoint;
        const auto share = static_cast<double>(copied) / static_cast<double>(counted);
        QVERIFY2(share > 0.99 && share < 1.01, qPrintable(QString::number(share))); // counts of steps are copied, too
    }

    void epochsCountEveryBucketsLastBatch()
    {
        TrainConfig config;
        config.data.batchSize = 4;
        config.optimiser.accumulation = 2;
        config.schedule.steps = 100;
        auto data = dataOf({.width = 64, .height = 64}, 8, 24, 40);
        data.buckets = {{.size = {.width = 64, .height = 64}, .samples = 9},   // three batches
                        {.size = {.width = 128, .height = 64}, .samples = 1}}; // one
        const auto forecast = forecastTraining(config, data);
        QCOMPARE(forecast.samplesPerEpoch, 10);
        QCOMPARE(forecast.stepsPerEpoch, 2);
        QCOMPARE(forecast.epochs, 50.0);
        QCOMPARE(forecast.dearest().bucket.width, 128);

        config.optimiser.accumulation = 65536; // the most that a configuration takes
        const auto alone = forecastTraining(config, data);
        const auto ofFour = forecastTraining(config, data, MemoryOf::Machine, 4);
        QCOMPARE(ofFour.epochs, 4 * alone.epochs);
        QCOMPARE(ofFour.stepFlops, 4 * alone.stepFlops);
        QCOMPARE(ofFour.memory.total(), alone.memory.total());
    }

    void severalProcessesHoldAModelEachAndPaintAndSaveOnce()
    {
        const TrainMemory memory{.weights = 100,
                                 .gradients = 90,
                                 .moments = 200,
                                 .average = 80,
                                 .activations = 500,
                                 .batches = 40,
                                 .previews = 30,
                                 .checkpoint = 380};
        QCOMPARE(memory.total(), 1420);
        QCOMPARE(memory.ofProcesses(1), 1420);
        QCOMPARE(memory.ofProcesses(4), 4 * (1420 + 100) - 3 * 380);
        const auto config = readTrainConfig(configurationFile("base"));
        const auto data = dataOf({.width = 256, .height = 256}, 512, 4096, 1024);
        const auto needed = forecastTraining(config, data).memory.ofProcesses(4);
        QVERIFY(fittingChanges(config, data, needed, MemoryOf::Machine, 4).empty()); // it fits
        const auto less = needed / 10 * 9;
        const auto changes = fittingChanges(config, data, less, MemoryOf::Machine, 4);
        QVERIFY(!changes.empty());
        for (const auto& change : changes) {
            QVERIFY(change.memory <= less);
            QCOMPARE(change.memory, forecastTraining(change.config, data).memory.ofProcesses(4));
        }
        QVERIFY(fittingChanges(config, data, less).empty()); // one process has room enough
    }

    void checkpointsOnDiskAreThoseThatAreKept()
    {
        const auto data = dataOf({.width = 64, .height = 64}, 8, 24, 40);
        TrainConfig config;
        config.schedule.steps = 1000;
        config.saving = {.every = 100, .keep = 3};
        const auto kept = [&] {
            const auto forecast = forecastTraining(config, data);
            if (forecast.diskBytes != forecast.keptCheckpointBytes + forecast.checkpointBytes)
                return std::int64_t{-1};
            return forecast.keptCheckpointBytes / forecast.checkpointBytes;
        };
        QCOMPARE(kept(), 3);
        config.saving.keepEvery = 250; // steps 500 and 1000 are saved and divided by it
        QCOMPARE(kept(), 5);
        config.validation.every = 400; // 400 and 800
        QCOMPARE(kept(), 7);
        config.saving.keepValidated = false;
        QCOMPARE(kept(), 5);
        config.saving.keep = 20; // more than are written
        QCOMPARE(kept(), 10);
        config.saving.keep = 0;
        QCOMPARE(kept(), 10);
        config.validation.every = 250; // 250 and 750 are not saved otherwise
        QCOMPARE(kept(), 12);
        config.schedule.steps = 50; // the last one alone
        config.validation.every = 0;
        QCOMPARE(kept(), 1);
    }

    void theWorkOfAStepIsThatOfItsPasses()
    {
        TrainConfig config;
        config.data.batchSize = 4;
        config.optimiser.accumulation = 2;
        const auto data = dataOf({.width = 64, .height = 64}, 8, 24, 40);
        const auto forecast = forecastTraining(config, data);
        const double forward = 2 * forecast.buckets[0].work; // of one sample
        QCOMPARE(forecast.stepFlops, 3 * forward * 8);
        config.checkpointing = true;
        QCOMPARE(forecastTraining(config, data).stepFlops, 4 * forward * 8);
    }

    void whatMakesItFitKeepsTheModelAndTheSamplesOfAStep()
    {
        auto config = readTrainConfig(configurationFile("base"));
        const auto data = dataOf({.width = 512, .height = 512}, 512, 4096, 1024);
        const auto needed = forecastTraining(config, data).memory.total();
        QVERIFY(fittingChanges(config, data, needed).empty());
        const std::int64_t there = 12'000'000'000;
        QVERIFY(needed > there);
        const auto changes = fittingChanges(config, data, there);
        QVERIFY(changes.size() >= 2);
        for (const auto& change : changes) {
            QVERIFY(change.memory <= there);
            QCOMPARE(change.memory, forecastTraining(change.config, data).memory.total());
            QCOMPARE(change.config.data.batchSize * change.config.optimiser.accumulation, config.data.batchSize);
            QCOMPARE(forecastTraining(change.config, data).parameters, forecastTraining(config, data).parameters);
            QVERIFY(!change.settings.empty());
        }
        QVERIFY(fittingChanges(config, data, 1'000'000'000).empty()); // the weights alone are more
    }

    void noPrecisionIsProposedWhereOneWasChosen()
    {
        const auto config = readTrainConfig(configurationFile("base"));
        const auto data = dataOf({.width = 512, .height = 512}, 512, 4096, 1024);
        auto narrow = config;
        narrow.precision = Precision::Bf16;
        const auto there = forecastTraining(narrow, data).memory.total();
        const auto proposesPrecision = [](const std::vector<FittingChange>& found) {
            return std::ranges::any_of(found, [](const FittingChange& change) {
                return std::ranges::any_of(change.settings, [](const auto& set) { return set.first == "precision"; });
            });
        };
        QVERIFY(proposesPrecision(fittingChanges(config, data, there)));
        const auto kept = fittingChanges(config, data, there, MemoryOf::Machine, 1, Precision::Float32);
        QVERIFY(!kept.empty() && !proposesPrecision(kept)); // the one that was chosen would go before it
    }

    void aBatchThatIsNoPowerOfTwoIsMadeSmallerToo()
    {
        const auto data = dataOf({.width = 256, .height = 256}, 8, 24, 40);
        auto config = smallConfig();
        config.data.batchSize = 9;
        config.data.prefetch = 1;
        const auto needs = [&](std::int64_t batch) {
            auto other = config;
            other.data.batchSize = batch;
            other.optimiser.accumulation = 9 / batch;
            return forecastTraining(other, data).memory.total();
        };
        for (const std::int64_t batch : {3, 1}) {
            const auto changes = fittingChanges(config, data, needs(batch));
            QVERIFY(!changes.empty());
            QCOMPARE(changes.front().config.data.batchSize, batch);
            QCOMPARE(changes.front().config.optimiser.accumulation, 9 / batch);
        }
        config.optimiser.accumulation = 65536; // no more is taken
        for (const auto& change : fittingChanges(config, data, forecastTraining(config, data).memory.total() - 1))
            QCOMPARE(change.config.optimiser.accumulation, 65536);
    }

    void aConfigurationThatCannotBeUsedIsRefused()
    {
        TrainConfig config;
        config.model.numHeads = 7;
        QVERIFY_EXCEPTION_THROWN(forecastTraining(config, dataOf({.width = 64, .height = 64}, 8, 24, 40)), ConfigError);
    }
};

QTEST_APPLESS_MAIN(TestTrainForecast)
#include "tst_train_forecast.moc"
