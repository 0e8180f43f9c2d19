#include "core/io/atomic_file.h"
#include "core/model/stored_weights.h"
#include "core/runs/catalogue.h"
#include "core/runs/checkpoint.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_export.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <algorithm>
#include <cmath>

using namespace nanodit;
using namespace nanodit::test;

namespace {

std::filesystem::path trainedRun(const std::filesystem::path& folder, bool averaged = true)
{
    CheckpointState state;
    state.run = "mine";
    state.step = 40;
    state.config.model.hiddenSize = 32;
    state.config.model.numHeads = 4;
    CheckpointTensors tensors;
    tensors.model = {{"w", at::full({4, 3}, 1.0 / 3)}};
    if (averaged)
        tensors.ema = {{"w", at::full({4, 3}, 2.0 / 3)}, {"huge", at::full({2}, 1e6)}};
    tensors.projector = {{"repa_projector.bias", at::zeros({3})}};
    tensors.optimiser = {{"w.exp_avg", at::zeros({4, 3})}};
    const auto checkpoint = writeCheckpoint(folder, state, tensors);
    std::string metrics;
    for (int step = 1; step <= 40; ++step)
        metrics += R"({"step":)" + std::to_string(step) + R"(,"loss":0.5})" + "\n";
    writeFileAtomically(folder / "metrics.jsonl", metrics + R"({"step":7,"validation":{"reconstruction":{"ssim":1}}})");
    return checkpoint;
}

std::size_t linesOf(const std::filesystem::path& file)
{
    const auto text = readTextFile(file);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

class TestRunExport : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void theAverageComesBackInHalfPrecision()
    {
        const TemporaryFolder folder;
        const auto bytes =
            exportRun({.checkpoint = trainedRun(folder / "run"), .folder = folder / "given", .metricsEvery = 10});
        const auto checkpoints = listCheckpoints(folder / "given");
        QCOMPARE(checkpoints.size(), std::size_t{1});
        QCOMPARE(std::filesystem::file_size(checkpoints[0] / "ema.safetensors"), bytes);
        QVERIFY(!std::filesystem::exists(checkpoints[0] / "model.safetensors"));
        QVERIFY(!std::filesystem::exists(checkpoints[0] / "optimizer.safetensors"));
        QVERIFY(!std::filesystem::exists(checkpoints[0] / "projector.safetensors"));
        const auto weights = readWeights(checkpoints[0]);
        QVERIFY(weights.at("w").scalar_type() == at::kHalf);
        QVERIFY(std::abs(weights.at("w")[0][0].item<double>() - 2.0 / 3) < 2.0 / 3 * std::ldexp(1.0, -11));
        QVERIFY(weights.at("w")[0][0].item<double>() != static_cast<double>(2.0f / 3));
        // float16 ends at 65504: such a tensor stays as it was.
        QVERIFY(weights.at("huge").scalar_type() == at::kFloat);
        QCOMPARE(weights.at("huge")[1].item<double>(), 1e6);
        const auto state = readCheckpointState(checkpoints[0]);
        QCOMPARE(state.step, 40);
        QCOMPARE(state.config.model.hiddenSize, 32);
        QVERIFY(std::filesystem::exists(folder / "given/config.yaml"));
        QCOMPARE(linesOf(folder / "given/metrics.jsonl"), std::size_t{5}); // 10, 20, 30, 40 and the validation
    }

    void singlePrecisionKeepsEveryBit()
    {
        const TemporaryFolder folder;
        const auto checkpoint = trainedRun(folder / "run");
        exportRun({.checkpoint = checkpoint, .folder = folder / "given", .halfPrecision = false});
        const auto weights = readWeights(listCheckpoints(folder / "given").front());
        QVERIFY(at::equal(weights.at("w"), readCheckpointTensors(checkpoint).ema.at("w")));
    }

    void withoutAnAverageTheCurrentWeightsAreGiven()
    {
        const TemporaryFolder folder;
        exportRun({.checkpoint = trainedRun(folder / "run", false), .folder = folder / "given"});
        const auto checkpoint = listCheckpoints(folder / "given").front();
        QVERIFY(!std::filesystem::exists(checkpoint / "ema.safetensors"));
        QVERIFY(std::abs(readWeights(checkpoint).at("w")[0][0].item<double>() - 1.0 / 3) < 1e-3);
    }

    void rawWeightsAreGivenWhereTheirFileIsNamed()
    {
        const TemporaryFolder folder;
        const auto raw = trainedRun(folder / "run") / "model.safetensors";
        exportRun({.checkpoint = raw, .folder = folder / "given"});
        const auto checkpoint = listCheckpoints(folder / "given").front();
        QCOMPARE(checkpoint.filename().string(), checkpointName(40));
        QVERIFY(!std::filesystem::exists(checkpoint / "ema.safetensors"));
        QVERIFY(std::abs(readWeights(checkpoint).at("w")[0][0].item<double>() - 1.0 / 3) < 1e-3);
        QCOMPARE(linesOf(folder / "given/metrics.jsonl"), std::size_t{5});
    }

    void metricsAreThinnedInPiecesAndAHalfLineIsLeftOut()
    {
        const TemporaryFolder folder;
        const auto checkpoint = trainedRun(folder / "run");
        std::string metrics;
        const std::string remark = '"' + std::string(300, 'x') + '"'; // as a later version may write
        for (int step = 1; step <= 8000; ++step)                      // more than a piece of it is kept
            metrics += R"({"step":)" + std::to_string(step) + R"(,"loss":0.5,"remark":)" + remark + "}\n";
        writeFileAtomically(folder / "run/metrics.jsonl", metrics + R"({"step":8000,"validation":{}})" + "\n" +
                                                              "{\"step\":8001,\"lo"); // it is being trained
        exportRun({.checkpoint = checkpoint, .folder = folder / "given", .metricsEvery = 2});
        const auto given = readTextFile(folder / "given/metrics.jsonl");
        QCOMPARE(linesOf(folder / "given/metrics.jsonl"), std::size_t{4001});
        QVERIFY(given.starts_with("{\"step\":2,") && given.ends_with("{\"step\":8000,\"validation\":{}}\n"));
        std::int64_t steps = 0;
        bool inOrder = true;
        forEachStep(folder / "given", [&](const StepMetrics& step) { inOrder = inOrder && step.step == 2 * ++steps; });
        QCOMPARE(steps, std::int64_t{4000});
        QVERIFY(inOrder);
    }

    void aFolderThatExistsIsLeftAlone()
    {
        const TemporaryFolder folder;
        const auto checkpoint = trainedRun(folder / "run");
        std::filesystem::create_directories(folder / "given");
        const auto message = errorOf([&] { exportRun({.checkpoint = checkpoint, .folder = folder / "given"}); });
        QVERIFY2(message.starts_with((folder / "given").string()), message.c_str());
        QVERIFY(std::filesystem::is_empty(folder / "given"));
    }
};

QTEST_APPLESS_MAIN(TestRunExport)
#include "tst_run_export.moc"
