#include "core/model/autocast.h"
#include "core/model/nanodit.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>

#include <utility>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize latentTokens = {4, 4};

double difference(const at::Tensor& a, const at::Tensor& b)
{
    return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

at::Tensor times(std::int64_t count)
{
    return at::linspace(0.1, 0.9, count);
}

std::vector<at::Tensor> gradientsOf(const NanoDiT& model, const at::Tensor& velocity)
{
    zeroGradients(model.parameters());
    velocity.square().mean().backward();
    std::vector<at::Tensor> gradients;
    for (const auto& parameter : model.parameters())
        gradients.push_back(parameter.value.grad().clone());
    return gradients;
}

/// Empty when they agree; otherwise the name of the first that does not.
std::string firstDifferent(const NanoDiT& model, const std::vector<at::Tensor>& a, const std::vector<at::Tensor>& b)
{
    for (std::size_t i = 0; i < a.size(); ++i) {
        const auto scale = b[i].square().mean().sqrt().item<double>();
        if (difference(a[i], b[i]) > 2e-4 * scale + 1e-8)
            return model.parameters()[i].name;
    }
    return {};
}

std::vector<ModelConfig> everyConfig()
{
    auto plain = tinyModelConfig();
    auto clsOnly = plain;
    clsOnly.useDinoPatches = false;
    auto all = plain;
    all.patchPosition = PatchPosition::Sincos;
    all.gate = Gate::AdalnZero;
    all.qkNorm = true;
    return {plain, clsOnly, all};
}

} // namespace

class TestNanodit : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void givesAVelocityOfTheLatentsShape()
    {
        const NanoDiT model(tinyModelConfig());
        const auto batch = randomBatch(model.config(), 2);
        for (const auto& [rows, cols] : {std::pair{8, 8}, {6, 10}}) {
            const auto context = model.context(test::conditionsOf(batch), {}, model.tokenGrid(rows, cols));
            const auto v = model.velocity(at::randn({2, 4, rows, cols}), times(2), context);
            QCOMPARE(v.sizes().vec(), (std::vector<std::int64_t>{2, 4, rows, cols}));
            QCOMPARE(v.abs().max().item<double>(), 0.0); // a new model predicts nothing yet
        }
    }

    void aGradientReachesEveryParameter()
    {
        for (const auto& config : everyConfig()) {
            const NanoDiT model(config);
            randomise(model.parameters());
            const auto batch = randomBatch(config, 3);
            const Drops drops{.text = {true, false, false}, .dino = {false, true, false}};
            const auto context = model.context(test::conditionsOf(batch), drops, latentTokens);
            const auto gradients = gradientsOf(model, model.velocity(batch.latent, times(3), context));
            for (std::size_t i = 0; i < gradients.size(); ++i)
                QVERIFY2(gradients[i].abs().max().item<double>() > 0, model.parameters()[i].name.c_str());
        }
    }

    void theSameSeedGivesTheSameModel()
    {
        const NanoDiT a(tinyModelConfig(), 4), b(tinyModelConfig(), 4), other(tinyModelConfig(), 5);
        for (std::size_t i = 0; i < a.parameters().size(); ++i)
            QVERIFY(at::equal(a.parameters()[i].value, b.parameters()[i].value));
        QVERIFY(!at::equal(a.parameters()[0].value, other.parameters()[0].value));
    }

    void compactNullsEqualRepeatedOnes()
    {
        // The plain way: a dropped text is T null tokens, dropped patches are N, all of them computed.
        for (const auto& config : everyConfig()) {
            const NanoDiT model(config);
            randomise(model.parameters());
            const auto batch = randomBatch(config, 3);
            const auto parameter = [&model](const std::string& name) {
                for (const auto& p : model.parameters()) {
                    if (p.name == name)
                        return p.value;
                }
                return at::Tensor();
            };
            for (const bool mixed : {false, true}) {
                const std::vector<bool> dropped = {true, !mixed, true};
                const auto where = sampleColumn(dropped, at::kCPU);
                auto compact = test::conditionsOf(batch, 6);
                const auto velocity = model.velocity(
                    batch.latent, times(3), model.context(compact, {.text = dropped, .dino = dropped}, latentTokens));
                const auto ours = gradientsOf(model, velocity);

                auto plain = compact;
                plain.text = at::where(where.view({3, 1, 1}), parameter("null_text"), batch.text);
                plain.textMask = batch.textMask.logical_or(where.unsqueeze(1));
                plain.cls = at::where(where.view({3, 1}), parameter("null_dino"), batch.cls);
                if (config.useDinoPatches && config.patchPosition == PatchPosition::None)
                    plain.patches = at::where(where.view({3, 1, 1}), parameter("null_dino_patch_token"), batch.patches);
                const std::vector<bool> dropDinoToo =
                    config.patchPosition == PatchPosition::None ? std::vector<bool>{} : dropped;
                const auto expected = model.velocity(
                    batch.latent, times(3), model.context(plain, {.text = {}, .dino = dropDinoToo}, latentTokens));
                QVERIFY2(difference(velocity, expected) < 2e-5, std::to_string(difference(velocity, expected)).c_str());
                const auto wrong = firstDifferent(model, ours, gradientsOf(model, expected));
                QVERIFY2(wrong.empty(), wrong.c_str());
            }
        }
    }

    void paddingIsLeftOutWithoutADifference()
    {
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const auto batch = randomBatch(model.config(), 1); // 3 valid tokens of 6
        const auto padded = model.context(test::conditionsOf(batch), {}, latentTokens);
        QCOMPARE(padded.text.size(), 3);
        QVERIFY(!padded.logitBias.defined());
        QCOMPARE(padded.shownTokens(), 8 + 1 + 16);
        auto trimmed = test::conditionsOf(batch);
        trimmed.text = batch.text.narrow(1, 0, 3);
        trimmed.textMask = at::Tensor();
        QCOMPARE(difference(model.velocity(batch.latent, times(1), padded),
                            model.velocity(batch.latent, times(1), model.context(trimmed, {}, latentTokens))),
                 0.0);
    }

    void keptKeysAndValuesChangeNothing()
    {
        for (const auto& config : everyConfig()) {
            const NanoDiT model(config);
            randomise(model.parameters());
            const at::NoGradGuard noGradient;
            const auto batch = randomBatch(config, 2);
            const auto kept = model.context(test::conditionsOf(batch), {}, latentTokens, true);
            const auto fresh = model.context(test::conditionsOf(batch), {}, latentTokens);
            for (const double t : {0.9, 0.2, 0.5}) {
                const auto time = at::full({2}, t);
                QVERIFY(difference(model.velocity(batch.latent, time, kept),
                                   model.velocity(batch.latent, time, fresh)) < 1e-5);
            }
        }
    }

    void recomputingBlocksChangesNothing_data()
    {
        QTest::addColumn<bool>("bf16");
        QTest::newRow("float32") << false;
        QTest::newRow("bf16") << true;
    }

    void recomputingBlocksChangesNothing()
    {
        QFETCH(bool, bf16);
        const NanoDiT model(everyConfig().back());
        randomise(model.parameters());
        const auto batch = randomBatch(model.config(), 2);
        std::vector<std::vector<at::Tensor>> gradients;
        std::vector<at::Tensor> velocities;
        for (const bool checkpointing : {false, true}) {
            at::Tensor velocity;
            {
                const AutocastScope autocast(bf16 ? std::optional(at::kBFloat16) : std::nullopt);
                const auto context =
                    model.context(test::conditionsOf(batch), {.text = {true, false}, .dino = {}}, latentTokens);
                velocity = model.velocity(batch.latent, times(2), context, {.checkpointing = checkpointing});
            }
            velocities.push_back(velocity.detach());
            gradients.push_back(gradientsOf(model, velocity));
        }
        QVERIFY(at::equal(velocities[0], velocities[1]));
        if (bf16) { // Sums over blocks are rounded to bf16 in another order.
            for (std::size_t i = 0; i < gradients[0].size(); ++i)
                QVERIFY2(difference(gradients[0][i], gradients[1][i]) <=
                             0.05 * gradients[0][i].abs().max().item<double>(),
                         model.parameters()[i].name.c_str());
        } else {
            const auto wrong = firstDifferent(model, gradients[0], gradients[1]);
            QVERIFY2(wrong.empty(), wrong.c_str());
        }
    }

    void autocastComputesNearly()
    {
        const auto folder = dataPath("golden/nanodit_all_options");
        auto config = everyConfig().back();
        config.hiddenSize = 64;
        config.depth = 3;
        config.mlpRatio = 4;
        config.latentChannels = 16;
        config.textDim = 32;
        config.dinoDim = 24;
        config.frequencyDim = 32;
        const NanoDiT model(config);
        loadState(model.parameters(), readTensors(folder / "model.safetensors"), "golden model");
        const auto in = readTensors(folder / "grid0_inputs.safetensors"),
                   out = readTensors(folder / "grid0_outputs.safetensors");
        const at::NoGradGuard noGradient;
        const auto u = in.at("t").view({-1, 1, 1, 1});
        const Conditions conditions{
            .cls = in.at("dino"),
            .patches = in.at("patches"),
            .patchGrid = {in.at("patch_grid")[0].item<std::int64_t>(), in.at("patch_grid")[1].item<std::int64_t>()},
            .text = in.at("text"),
            .textMask = in.at("text_mask") > 0.5,
            .textTokens = 12};
        const AutocastScope autocast(at::kBFloat16);
        const auto context = model.context(conditions, {}, model.tokenGrid(in.at("x0").size(2), in.at("x0").size(3)));
        const auto v = model.velocity((1 - u) * in.at("x0") + u * in.at("noise"), in.at("t"), context);
        const double worst = difference(v, out.at("v/keep"));
        QVERIFY2(worst < 0.015 && worst > 1e-5, std::to_string(worst).c_str());
    }

    void refusesConditionsOfAnotherWidth()
    {
        const NanoDiT model(tinyModelConfig());
        const auto batch = randomBatch(model.config(), 1);
        auto conditions = test::conditionsOf(batch);
        conditions.cls = at::zeros({1, 99});
        const auto message = errorOf([&] { model.context(conditions, {}, latentTokens); });
        QVERIFY2(message.find("99") != std::string::npos && message.find("12") != std::string::npos, message.c_str());
        QVERIFY(errorOf([&] { model.tokenGrid(7, 8); }).find("7 x 8") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestNanodit)
#include "tst_nanodit.moc"
