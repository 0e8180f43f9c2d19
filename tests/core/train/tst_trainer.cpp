#include "core/config/train_config.h"
#include "core/kernels/fixed_order.h"
#include "core/runs/metrics_file.h"
#include "core/train/flow_matching.h"
#include "core/train/trainer.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>
#include <nlohmann/json.hpp>

#include <chrono>
#include <cmath>
#include <limits>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr std::int64_t textTokens = 8;

TrainConfig tinyConfig()
{
    TrainConfig config;
    config.model = tinyModelConfig();
    config.optimiser.lr = 3e-3;
    config.schedule = {.steps = 1000, .warmupSteps = 2, .decay = Decay::Cosine};
    config.ema.decay = 0.9;
    config.seed = 5;
    return config;
}

/// Endless batches that depend on the position alone, as the loader's do.
class Source {
public:
    explicit Source(std::int64_t position = 0)
        : position_(position)
    {
    }
    Batch operator()()
    {
        auto batch = randomBatch(tinyModelConfig(), 3, static_cast<std::uint64_t>(1 + position_));
        batch.position = ++position_;
        return batch;
    }
    std::int64_t drawn() const { return position_; }

private:
    std::int64_t position_;
};

bool equalTensors(const TensorMap& a, const TensorMap& b)
{
    if (a.size() != b.size())
        return false;
    for (const auto& [name, tensor] : a) {
        if (!b.contains(name) || !at::equal(tensor, b.at(name)))
            return false;
    }
    return true;
}

TensorMap copied(const TensorMap& tensors)
{
    TensorMap copy;
    for (const auto& [name, tensor] : tensors)
        copy.emplace(name, tensor.clone());
    return copy;
}

} // namespace

class TestTrainer : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void measuresAttentionWithoutChangingTheRun()
    {
        auto config = tinyConfig();
        config.checkpointing = true; // the measurement's own forward pass keeps nothing
        config.metrics.attentionEvery = 0;
        Trainer plain(config, textTokens);
        config.metrics.attentionEvery = 2;
        Trainer measured(config, textTokens);
        Source plainSource, source;
        for (int step = 1; step <= 4; ++step) {
            QVERIFY(plain.step(std::ref(plainSource))->attention.empty());
            const auto metrics = measured.step(std::ref(source));
            QCOMPARE(metrics->attention.size(), step % 2 == 0 ? 2U : 0U);
            for (const auto& block : metrics->attention) {
                QVERIFY(std::abs(block.text + block.cls + block.patches - 1) < 1e-5);
                QVERIFY(block.patches > 0.1 && block.alignment > 0 && block.alignment < 6);
                QVERIFY(block.evenAlignment > 0 && block.evenAlignment < 6);
                QVERIFY(std::abs(block.textAdds + block.clsAdds + block.patchesAdd - 1) < 1e-5);
                QVERIFY(block.textAdds > 0.01 && block.patchesAdd > 0.01);
                QCOMPARE(std::isnan(block.narrowest), config.model.patchPrior == PatchPrior::None);
            }
            const auto line = toJson(*metrics).dump();
            const auto read = stepMetricsFromJson(line);
            QCOMPARE(read->attention.size(), metrics->attention.size());
            for (std::size_t i = 0; i < read->attention.size(); ++i)
                QCOMPARE(read->attention[i].alignment, metrics->attention[i].alignment);
        }
        QVERIFY(equalTensors(plain.tensors().model, measured.tensors().model));
    }

    void radiiAreThoseOfThePriors()
    {
        auto config = tinyConfig();
        config.model.patchPrior = PatchPrior::Learned;
        config.metrics.attentionEvery = 1;
        Trainer trainer(config, textTokens);
        Source source;
        const auto metrics = trainer.step(std::ref(source)); // measured before the step
        QCOMPARE(metrics->attention.size(), 2U);
        for (const auto& block : metrics->attention) {
            QVERIFY(std::abs(block.narrowest - config.model.priorNarrowest) < 1e-4);
            QVERIFY(std::abs(block.widest - config.model.priorWidest) < 1e-4);
        }
    }

    void aModelWithoutPatchesHasNoAlignment()
    {
        auto config = tinyConfig();
        config.model.useDinoPatches = false;
        config.metrics.attentionEvery = 1;
        Trainer trainer(config, textTokens);
        Source source;
        const auto metrics = trainer.step(std::ref(source));
        QCOMPARE(metrics->attention.size(), 2U);
        QCOMPARE(metrics->attention[1].patches, 0.0);
        QVERIFY(std::isnan(metrics->attention[1].alignment));
        QCOMPARE(metrics->attention[1].patchesAdd, 0.0);
        QVERIFY(std::isnan(stepMetricsFromJson(toJson(*metrics).dump())->attention[1].alignment));
    }

    void overfitsOneBatch()
    {
        auto config = tinyConfig();
        config.conditions = {.dropBoth = 0, .dropDino = 0, .dropText = 0};
        Trainer trainer(config, textTokens);
        const auto batch = randomBatch(config.model, 4);
        double first = 0, last = 0;
        for (int i = 0; i < 400; ++i) {
            const auto metrics = trainer.step([&batch] { return batch; });
            first += i < 20 ? metrics->loss / 20 : 0;
            last += i >= 380 ? metrics->loss / 20 : 0;
        }
        // A zero velocity costs 1 + E[x0^2] = 2. The noise is fresh in every step and cannot be learnt by heart; what
        // can is x0, which leaves of the loss about what the model does not tell apart of signal and noise.
        QVERIFY2(first > 1.6 && first < 2.3, std::to_string(first).c_str());
        QVERIFY2(last < 0.55 * first, std::to_string(last).c_str());
    }

    void resumesBitForBit_data()
    {
        QTest::addColumn<int>("accumulation");
        QTest::addColumn<bool>("checkpointing");
        QTest::addColumn<bool>("bf16");
        QTest::addColumn<double>("patchDropout");
        QTest::addColumn<int>("endOfRepa"); // 0: neither an alignment nor an internal head
        QTest::newRow("plain") << 1 << false << false << 0.0 << 0;
        QTest::newRow("accumulated") << 3 << false << false << 0.0 << 0;
        QTest::newRow("recomputed") << 2 << true << false << 0.0 << 0;
        QTest::newRow("bf16") << 1 << false << true << 0.0 << 0;
        QTest::newRow("patches left out") << 2 << true << false << 0.6 << 0;
        QTest::newRow("internal head and alignment") << 2 << false << false << 0.0 << 100;
        QTest::newRow("alignment that ends, recomputed") << 1 << true << false << 0.3 << 6;
        QTest::newRow("alignment that has ended, bf16") << 1 << false << true << 0.0 << 3;
    }
    void resumesBitForBit()
    {
        QFETCH(int, accumulation);
        QFETCH(bool, checkpointing);
        QFETCH(bool, bf16);
        QFETCH(double, patchDropout);
        QFETCH(int, endOfRepa);
        auto config = tinyConfig();
        if (endOfRepa > 0) {
            config.model.internalHead = 1;
            config.repa = {.weight = 0.5, .block = 2, .endStep = endOfRepa, .samples = RepaSamples::WithoutDino};
        }
        config.conditions.patchDropout = patchDropout;
        config.optimiser.accumulation = accumulation;
        config.checkpointing = checkpointing;
        config.precision = bf16 ? Precision::Bf16 : Precision::Float32;

        Trainer unbroken(config, textTokens);
        Source source;
        std::vector<double> losses;
        for (int i = 0; i < 7; ++i)
            losses.push_back(unbroken.step(std::ref(source))->loss);

        const TemporaryFolder folder;
        Trainer first(config, textTokens);
        Source firstSource;
        for (int i = 0; i < 4; ++i)
            QCOMPARE(first.step(std::ref(firstSource))->loss, losses[static_cast<std::size_t>(i)]);
        // Stopped in the middle of the fifth step (or before it): that step is forgotten.
        int asked = 0;
        QVERIFY(!first.step(std::ref(firstSource), [&] { return ++asked == accumulation; }));
        QCOMPARE(first.stepsDone(), 4);
        QCOMPARE(first.samplePosition(), 4 * accumulation);
        CheckpointState state;
        state.step = first.stepsDone();
        state.samplePosition = first.samplePosition();
        state.config = config;
        const auto checkpoint = writeCheckpoint(folder.path(), state, first.tensors());

        Trainer second(config, textTokens);
        const auto read = readCheckpointState(checkpoint);
        second.restore(read, readCheckpointTensors(checkpoint), checkpoint.string());
        Source secondSource(second.samplePosition());
        for (int i = 4; i < 7; ++i)
            QCOMPARE(second.step(std::ref(secondSource))->loss, losses[static_cast<std::size_t>(i)]);
        QVERIFY(equalTensors(second.tensors().model, unbroken.tensors().model));
        QVERIFY(equalTensors(second.tensors().ema, unbroken.tensors().ema));
        QVERIFY(equalTensors(second.tensors().optimiser, unbroken.tensors().optimiser));
        QVERIFY(equalTensors(second.tensors().projector, unbroken.tensors().projector));
        QCOMPARE(unbroken.tensors().projector.empty(), endOfRepa == 0);
    }

    /// What that is worth shows on a GPU alone.
    void sumsHaveAFixedOrderWhereThatIsAskedFor()
    {
        for (const bool deterministic : {false, true}) {
            auto config = tinyConfig();
            config.deterministic = deterministic;
            Trainer trainer(config, textTokens);
            Source source;
            std::vector<bool> seen;
            trainer.step(std::ref(source), {}, [&seen](const MicroBatchTrace&) { seen.push_back(addsInFixedOrder()); });
            QCOMPARE(seen, std::vector<bool>{deterministic});
            QVERIFY(!addsInFixedOrder());
        }
    }

    /// No sample loses its DINO, so that none is aligned: what is there for it changes no number of the model.
    void anAlignmentOfNothingChangesNothing()
    {
        auto config = tinyConfig();
        config.conditions = {.dropBoth = 0, .dropDino = 0, .dropText = 0.3};
        Trainer plain(config, textTokens);
        config.repa = {.weight = 0.5, .samples = RepaSamples::WithoutDino};
        Trainer aligned(config, textTokens);
        QVERIFY(equalTensors(plain.tensors().model, aligned.tensors().model));
        Source plainSource, source;
        for (int i = 0; i < 5; ++i) {
            const auto before = *plain.step(std::ref(plainSource)), now = *aligned.step(std::ref(source));
            QCOMPARE(now.loss, before.loss);
            QVERIFY(std::isnan(now.repaLoss) && std::isnan(now.internalLoss));
        }
        QVERIFY(equalTensors(plain.tensors().model, aligned.tensors().model));
        QVERIFY(equalTensors(plain.tensors().ema, aligned.tensors().ema));
    }

    void otherLossesFallAndEnd()
    {
        auto config = tinyConfig();
        config.conditions = {.dropBoth = 0, .dropDino = 0, .dropText = 0};
        config.model.internalHead = 1;
        config.repa = {.weight = 0.5, .endStep = 200};
        Trainer trainer(config, textTokens);
        const auto batch = randomBatch(config.model, 4);
        std::vector<StepMetrics> steps;
        for (int i = 0; i < 201; ++i)
            steps.push_back(*trainer.step([&batch] { return batch; }));
        // A projector of random weights tells nothing of the patches, and a new head predicts nothing.
        QVERIFY2(std::abs(steps.front().repaLoss - 1) < 0.2, std::to_string(steps.front().repaLoss).c_str());
        QCOMPARE(steps.front().internalLoss, steps.front().loss); // both predict zero
        QVERIFY2(steps[199].repaLoss < 0.5, std::to_string(steps[199].repaLoss).c_str());
        QVERIFY2(steps[199].internalLoss < 0.9 * steps.front().internalLoss,
                 std::to_string(steps[199].internalLoss).c_str());
        QVERIFY(std::isnan(steps[200].repaLoss) && std::isfinite(steps[200].internalLoss));
        const auto read = stepMetricsFromJson(toJson(steps[199]).dump());
        QCOMPARE(read->repaLoss, steps[199].repaLoss);
        QVERIFY(std::isnan(stepMetricsFromJson(toJson(steps[200]).dump())->repaLoss));
        // Nothing of it is in what a model is made of.
        QCOMPARE(trainer.averagedModel()->parameters().size(), trainer.model().parameters().size());
        for (const auto& [name, tensor] : trainer.tensors().model)
            QVERIFY2(name.find("repa") == std::string::npos, name.c_str());
    }

    void aMicroBatchWhoseAlignmentIsNotFiniteIsLeftOut()
    {
        auto config = tinyConfig();
        config.conditions = {.dropBoth = 0, .dropDino = 1, .dropText = 0}; // the model does not see the patches
        config.optimiser.accumulation = 2;
        config.repa.weight = 0.5;
        Trainer trainer(config, textTokens);
        Source source;
        int number = 0;
        const auto metrics = *trainer.step([&] {
            auto batch = source();
            if (number++ == 0)
                batch.patches[0][0][0] = std::numeric_limits<float>::quiet_NaN();
            return batch;
        });
        QCOMPARE(metrics.leftOut, 1);
        QVERIFY(!metrics.skipped && std::isfinite(metrics.repaLoss));
    }

    void accumulatesToTheGradientOfTheWhole()
    {
        auto config = tinyConfig();
        config.optimiser.clip = 0;
        config.schedule.warmupSteps = 0;
        Trainer trainer(config, textTokens);
        randomise(trainer.model().parameters());
        config.optimiser.accumulation = 2;
        Trainer accumulated(config, textTokens);
        randomise(accumulated.model().parameters());

        // Two micro-batches with draws of their own: the mean of their gradients, made by hand.
        const auto draws = [&config](std::int64_t micro) {
            return drawMicroBatch({.seed = config.seed, .step = 0, .microBatch = micro}, config.conditions, config.flow,
                                  {3, 4, 8, 8});
        };
        const auto& model = trainer.model();
        zeroGradients(model.parameters());
        Source source;
        for (const auto micro : {0, 1}) {
            const auto batch = source();
            const auto draw = draws(micro);
            const auto context = model.context(test::conditionsOf(batch), draw.asDrops(), {4, 4});
            (flowMatching(model, batch.latent, draw.noise, draw.t, context).mean() / 2).backward();
        }
        Source again;
        accumulated.step(std::ref(again));
        for (std::size_t i = 0; i < model.parameters().size(); ++i) {
            const auto ours = accumulated.model().parameters()[i].value.grad();
            QVERIFY(at::allclose(ours, model.parameters()[i].value.grad(), 1e-4, 1e-7));
        }
    }

    /// What is masked out has no part in the loss, and a sample's loss does not shrink with its mask.
    void aMaskWeighsTheLossAndIsDividedByItsSum()
    {
        const auto config = tinyConfig();
        Trainer trainer(config, textTokens);
        randomise(trainer.model().parameters());
        const auto& model = trainer.model();
        Source source;
        const auto batch = source();
        const auto draw = drawMicroBatch({.seed = 3}, config.conditions, config.flow, batch.latent.sizes());
        const auto context = model.context(test::conditionsOf(batch), draw.asDrops(), {4, 4});
        const auto loss = [&](const at::Tensor& noise, const at::Tensor& weights) {
            return flowMatching(model, batch.latent, noise, draw.t, context, {}, weights).perSample;
        };
        const auto plain = loss(draw.noise, {});
        const auto ones = at::ones({batch.latent.size(0), 1, batch.latent.size(2), batch.latent.size(3)});
        QVERIFY(at::allclose(loss(draw.noise, ones), plain, 1e-5, 1e-6));
        QVERIFY(at::allclose(loss(draw.noise, ones * 0.25), plain, 1e-5, 1e-6));
        auto left = at::zeros_like(ones), right = at::zeros_like(ones);
        const auto half = ones.size(3) / 2;
        left.narrow(3, 0, half).fill_(1);
        right.narrow(3, half, half).fill_(1);
        const auto both = (loss(draw.noise, left) + loss(draw.noise, right)) / 2;
        QVERIFY(at::allclose(both, plain, 1e-5, 1e-6));
        // By hand: the weighted mean of the squared errors over channels and places.
        const auto velocity = model.velocity(noised(batch.latent, draw.noise, draw.t), draw.t, context, {});
        const auto errors = (velocity - (draw.noise - batch.latent)).square().narrow(3, 0, half);
        QVERIFY(at::allclose(loss(draw.noise, left), errors.flatten(1).mean(1), 1e-5, 1e-6));
    }

    void skipsAStepThatIsNotFiniteAndNamesItsSamples()
    {
        const auto config = tinyConfig();
        Trainer trainer(config, textTokens);
        Source source;
        trainer.step(std::ref(source));
        trainer.step(std::ref(source));
        const auto model = copied(trainer.tensors().model), optimiser = copied(trainer.tensors().optimiser);
        const auto metrics = trainer.step([&source] {
            auto batch = source();
            batch.latent[1][0][0][0] = std::numeric_limits<float>::quiet_NaN();
            return batch;
        });
        QVERIFY(metrics->skipped);
        QCOMPARE(trainer.skippedInARow(), 1);
        QCOMPARE(trainer.suspects(), std::vector<std::string>{"sample301"});
        QCOMPARE(trainer.stepsDone(), 3);
        QVERIFY(equalTensors(trainer.tensors().model, model));
        QVERIFY(equalTensors(trainer.tensors().optimiser, optimiser));
        QVERIFY(!trainer.step(std::ref(source))->skipped);
        QCOMPARE(trainer.skippedInARow(), 0);
    }

    void leavesOutAMicroBatchThatIsNotFinite()
    {
        auto config = tinyConfig();
        config.optimiser.accumulation = 3;
        config.optimiser.clip = 0;
        Trainer trainer(config, textTokens);
        randomise(trainer.model().parameters());
        Trainer reference(config, textTokens);
        randomise(reference.model().parameters());
        Source source;
        std::vector<Batch> batches;
        const auto metrics = trainer.step([&] {
            auto batch = source();
            if (batches.size() == 1)
                batch.latent[0][0][0][0] = std::numeric_limits<float>::infinity();
            batches.push_back(batch);
            return batch;
        });
        QVERIFY(!metrics->skipped && std::isfinite(metrics->loss) && std::isfinite(metrics->gradNorm));
        QCOMPARE(metrics->leftOut, 1);
        QCOMPARE(metrics->samplesByDrop[0] + metrics->samplesByDrop[1] + metrics->samplesByDrop[2] +
                     metrics->samplesByDrop[3],
                 6);
        QCOMPARE(trainer.suspects(), std::vector<std::string>{batches[1].ids[0]});
        QCOMPARE(trainer.samplePosition(), 3);
        QCOMPARE(trainer.lastStep().microBatches.size(), 3U);

        // The mean over the other two.
        const auto& model = reference.model();
        zeroGradients(model.parameters());
        for (const std::int64_t micro : {0, 2}) {
            const auto& batch = batches[static_cast<std::size_t>(micro)];
            const auto draw = drawMicroBatch({.seed = config.seed, .step = 0, .microBatch = micro}, config.conditions,
                                             config.flow, batch.latent.sizes());
            const auto context = model.context(test::conditionsOf(batch), draw.asDrops(), {4, 4});
            (flowMatching(model, batch.latent, draw.noise, draw.t, context).mean() / 2).backward();
        }
        for (std::size_t i = 0; i < model.parameters().size(); ++i)
            QVERIFY(at::allclose(trainer.model().parameters()[i].value.grad(), model.parameters()[i].value.grad(), 1e-4,
                                 1e-7));
    }

    void examiningAStepNamesWhereItIsNotFinite_data()
    {
        QTest::addColumn<QString>("weight"); // made infinite
        QTest::addColumn<bool>("spoiltText");
        QTest::addColumn<QString>("output");
        QTest::newRow("sound") << "" << false << "";
        QTest::newRow("in the data") << "" << true << "context";
        QTest::newRow("in a block") << "blocks.1.mlp.fc2.bias" << false << "blocks.1";
        QTest::newRow("at the end") << "final_layer.linear.bias" << false << "final_layer";
    }
    void examiningAStepNamesWhereItIsNotFinite()
    {
        QFETCH(QString, weight);
        QFETCH(bool, spoiltText);
        QFETCH(QString, output);
        auto config = tinyConfig();
        config.conditions = {.dropBoth = 0, .dropDino = 0, .dropText = 0};
        config.checkpointing = true;
        Trainer trainer(config, textTokens);
        randomise(trainer.model().parameters());
        for (const auto& parameter : trainer.model().parameters()) {
            if (parameter.name == weight.toStdString())
                parameter.value.detach().fill_(std::numeric_limits<float>::infinity());
        }
        Source source;
        const auto before = copied(trainer.tensors().model);
        const auto findings = trainer.examine([&] {
            auto batch = source();
            if (spoiltText)
                batch.text[0][0][0] = std::numeric_limits<float>::quiet_NaN();
            return batch;
        });
        QCOMPARE(findings.size(), 1U);
        QCOMPARE(QString::fromStdString(findings[0].output), output);
        QCOMPARE(findings[0].inputs, spoiltText ? std::vector<std::string>{"text"} : std::vector<std::string>{});
        QCOMPARE(findings[0].gradient.empty(), output.isEmpty());
        QCOMPARE(findings[0].record.unsound().empty(), output.isEmpty());
        QCOMPARE(trainer.stepsDone(), 0);
        QCOMPARE(trainer.tensorsAreSound(), weight.isEmpty());
    }

    void metricsTellLossByTimeAndByDrop()
    {
        auto config = tinyConfig();
        config.conditions = {.dropBoth = 0, .dropDino = 1, .dropText = 0};
        Trainer trainer(config, textTokens);
        Source source;
        const auto before = std::chrono::system_clock::now();
        const auto metrics = *trainer.step(std::ref(source));
        QVERIFY(metrics.endedAt && *metrics.endedAt >= std::chrono::floor<std::chrono::milliseconds>(before));
        QVERIFY(*metrics.endedAt <= std::chrono::system_clock::now());
        QCOMPARE(metrics.samplesByDrop, (std::array<std::int64_t, 4>{0, 0, 3, 0}));
        QCOMPARE(metrics.lossByDrop[2], metrics.loss);
        QVERIFY(std::isnan(metrics.lossByDrop[0]));
        QCOMPARE(metrics.lr, 0.0);
        QVERIFY(metrics.residentMegabytes > 10);
        const auto read = stepMetricsFromJson(toJson(metrics).dump());
        QCOMPARE(read->loss, metrics.loss);
        QVERIFY(std::isnan(read->lossByDrop[0]));
        QCOMPARE(read->samplesByDrop, metrics.samplesByDrop);
        QVERIFY(!stepMetricsFromJson(toJson(metrics).dump().substr(0, 40)));
    }
};

QTEST_APPLESS_MAIN(TestTrainer)
#include "tst_trainer.moc"
