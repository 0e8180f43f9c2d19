#include "core/io/size_text.h"
#include "core/train/forecast.h"
#include "core/train/memory_check.h"
#include "core/train/trainer.h"
#include "tests/support/tiny_model.h"
#include "tests/support/tiny_training.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <optional>
#include <string>
#include <utility>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr std::int64_t textTokens = 8;

/// After a few steps by Muon, which makes products of its own.
TensorMap weightsOf(Precision configured, Precision chosen)
{
    TrainConfig config;
    config.model = tinyModelConfig();
    config.optimiser.name = "muon";
    config.optimiser.lr = 1e-2;
    config.schedule = {.steps = 10, .warmupSteps = 0, .decay = Decay::Constant};
    config.precision = configured;
    config.seed = 5;
    Trainer trainer(config, textTokens, {.device = at::kCPU, .precision = chosen, .threads = 1});
    for (std::uint64_t step = 0; step < 4; ++step)
        trainer.step([&] { return randomBatch(config.model, 2, 1 + step); });
    TensorMap weights;
    for (const auto& [name, tensor] : trainer.tensors().model)
        weights.emplace(name, tensor.clone());
    return weights;
}

bool areEqual(const TensorMap& a, const TensorMap& b)
{
    for (const auto& [name, tensor] : a) {
        if (!at::equal(tensor, b.at(name)))
            return false;
    }
    return a.size() == b.size();
}

} // namespace

class TestPrecision : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void theChosenOneGoesBeforeTheConfigurations()
    {
        const auto wide = weightsOf(Precision::Float32, Precision::Float32),
                   narrow = weightsOf(Precision::Bf16, Precision::Bf16);
        QVERIFY(!areEqual(wide, narrow));
        QVERIFY(areEqual(weightsOf(Precision::Bf16, Precision::Float32), wide));
        QVERIFY(areEqual(weightsOf(Precision::Float32, Precision::Bf16), narrow));
    }

    void memoryIsForecastForTheChosenOne()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(2);
        config.model.hiddenSize = 16384; // of which no machine has the memory
        config.model.depth = 256;
        const auto neededIn = [&](Precision precision) {
            config.precision = precision;
            return sizeText(forecastTraining(config, trainData(tiny.workspace, config)).memory.ofProcesses(1));
        };
        const auto wide = neededIn(Precision::Float32), narrow = neededIn(Precision::Bf16);
        QVERIFY(wide != narrow); // the configuration's
        const auto messageFor = [&](std::optional<Precision> chosen) {
            return errorOf([&] { requireMemory(tiny.workspace, config, {.device = "cpu", .precision = chosen}, 1); });
        };
        for (const auto& [chosen, needed] :
             {std::pair(std::optional(Precision::Float32), wide), std::pair(std::optional<Precision>(), narrow)}) {
            const auto message = messageFor(chosen);
            QVERIFY2(message.find("needs about " + needed + " of memory") != std::string::npos, message.c_str());
        }
    }
};

QTEST_APPLESS_MAIN(TestPrecision)
#include "tst_precision.moc"
