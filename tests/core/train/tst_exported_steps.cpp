#include "core/config/json.h"
#include "core/io/atomic_file.h"
#include "core/io/tensor.h"
#include "core/model/gradients.h"
#include "core/train/flow_matching.h"
#include "core/train/optimiser.h"
#include "tests/bench/exported_steps.h"
#include "tests/support/tiny_training.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <QtTest/QTest>

#include <cmath>
#include <string>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

std::vector<bool> flagsFrom(const at::Tensor& tensor)
{
    std::vector<bool> flags;
    for (std::int64_t i = 0; i < tensor.numel(); ++i)
        flags.push_back(tensor[i].item<std::int64_t>() != 0);
    return flags;
}

/// Mean loss of a micro-batch by its file alone.
at::Tensor lossOf(const NanoDiT& model, const TensorMap& tensors, std::int64_t textTokens)
{
    const auto& latent = tensors.at("latent");
    const auto& grid = tensors.at("patch_grid");
    const Conditions conditions{
        .cls = tensors.at("cls"),
        .patches = tensors.at("patches"),
        .patchGrid = {.rows = grid[0].item<std::int64_t>(), .cols = grid[1].item<std::int64_t>()},
        .text = tensors.at("text"),
        .textMask = tensors.at("text_mask").to(at::kBool),
        .textTokens = textTokens};
    Drops drops;
    drops.text = flagsFrom(tensors.at("drop_text"));
    drops.dino = flagsFrom(tensors.at("drop_dino"));
    const auto context = model.context(conditions, drops, model.tokenGrid(latent.size(2), latent.size(3)));
    return flowMatching(model, latent, tensors.at("noise"), tensors.at("t"), context).mean();
}

} // namespace

class TestExportedSteps : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::set_num_threads(1); }

    void anotherProgramCanMakeTheSameSteps()
    {
        constexpr std::int64_t steps = 4, textTokens = 8;
        const TinyWorkspace tiny;
        auto asked = tinyConfig(steps);
        asked.model.patchPosition = PatchPosition::Sincos;
        asked.optimiser.decayed = Decayed::Matrices;
        const auto folder = tiny.folder / "steps";
        bench::exportSteps(ShardSet::open(tiny.workspace.shardsFolder() / "train"), asked, textTokens, steps, folder);

        const auto json = nlohmann::json::parse(readTextFile(folder / "training.json"));
        TrainConfig config;
        readJson(json.at("config"), "training.json", [&config](FieldVisitor& visitor) { config.visit(visitor); });
        QCOMPARE(json.at("text_tokens").get<std::int64_t>(), textTokens);
        const NanoDiT model(config.model, 99);
        loadState(model.parameters(), readTensors(folder / "weights.safetensors"), "weights");
        const auto optimiser = makeOptimiser(model.parameters(), config.optimiser);
        QCOMPARE(json.at("steps").size(), static_cast<std::size_t>(steps));
        for (std::int64_t step = 1; step <= steps; ++step) {
            clearGradients(model.parameters());
            double loss = 0;
            for (std::int64_t micro = 0; micro < config.optimiser.accumulation; ++micro) {
                const auto file = folder / (std::to_string(step) + "-" + std::to_string(micro) + ".safetensors");
                const auto part =
                    lossOf(model, readTensors(file), textTokens) / static_cast<double>(config.optimiser.accumulation);
                part.backward();
                loss += part.item<double>();
            }
            completeGradients(model.parameters());
            const auto& told = json.at("steps").at(static_cast<std::size_t>(step - 1));
            QVERIFY(std::abs(loss - told.at("loss").get<double>()) < 1e-6);
            const double norm = gradientNorm(model.parameters());
            QVERIFY(std::abs(norm / told.at("gradient_norm").get<double>() - 1) < 1e-5);
            optimiser->step(
                {.lr = told.at("lr").get<double>(), .gradientFactor = clipFactor(norm, config.optimiser.clip)});
        }
        for (const auto& [name, tensor] : readTensors(folder / "after.safetensors")) {
            const auto ours = stateOf(model.parameters()).at(name);
            QVERIFY2(at::allclose(ours, tensor, 1e-5, 1e-6), name.c_str());
        }
        // Of the names that decay, none is a bias.
        QVERIFY(!json.at("decaying").empty());
        for (const auto& name : json.at("decaying"))
            QVERIFY(!name.get<std::string>().ends_with("bias"));
    }

    void whatTheReferenceDoesNotHaveIsRefused()
    {
        const TinyWorkspace tiny;
        auto config = tinyConfig(1);
        config.model.patchPosition = PatchPosition::Rope;
        const auto message = errorOf([&] {
            bench::exportSteps(ShardSet::open(tiny.workspace.shardsFolder() / "train"), config, 8, 1,
                               tiny.folder / "steps");
        });
        QVERIFY2(message.find("model.patch_position rope") != std::string::npos, message.c_str());
    }
};

QTEST_APPLESS_MAIN(TestExportedSteps)
#include "tst_exported_steps.moc"
