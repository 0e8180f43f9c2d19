#include "core/config/json.h"
#include "core/model/attention_map.h"
#include "core/model/autocast.h"
#include "core/model/nanodit.h"
#include "tests/support/model_variants.h"
#include "tests/support/tensor_difference.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>

#include <cmath>
#include <fstream>
#include <memory>
#include <numeric>
#include <utility>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize latentTokens = {4, 4};

at::Tensor times(std::int64_t count)
{
    return at::linspace(0.1, 0.9, count);
}

/// A golden case's model and what it says of its first grid.
struct GoldenModel {
    std::unique_ptr<NanoDiT> model;
    TensorMap in, out;
    Conditions conditions;

    explicit GoldenModel(const std::string& name)
        : in(readTensors(dataPath("golden/" + name) / "grid0_inputs.safetensors"))
        , out(readTensors(dataPath("golden/" + name) / "grid0_outputs.safetensors"))
    {
        const auto file = dataPath("golden/" + name) / "config.json";
        auto json = nlohmann::json::parse(std::ifstream(file));
        const auto textTokens = json.at("text_tokens").get<std::int64_t>();
        json.erase("text_tokens");
        ModelConfig config;
        readJson(json, file.string(), [&config](FieldVisitor& v) { config.visit(v); });
        model = std::make_unique<NanoDiT>(config);
        loadState(model->parameters(), readTensors(dataPath("golden/" + name) / "model.safetensors"), name);
        conditions = {
            .cls = in.at("dino"),
            .patches = in.at("patches"),
            .patchGrid = {in.at("patch_grid")[0].item<std::int64_t>(), in.at("patch_grid")[1].item<std::int64_t>()},
            .text = in.at("text"),
            .textMask = in.at("text_mask") > 0.5,
            .textTokens = textTokens};
    }
    GridSize tokens() const { return model->tokenGrid(in.at("x0").size(2), in.at("x0").size(3)); }
    at::Tensor xt() const
    {
        const auto u = in.at("t").view({-1, 1, 1, 1});
        return (1 - u) * in.at("x0") + u * in.at("noise");
    }
};

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

    void anInternalHeadLeavesTheRestAlone()
    {
        for (auto config : everyConfig()) {
            const NanoDiT plain(config, 4);
            config.internalHead = 1;
            const NanoDiT model(config, 4);
            QCOMPARE(model.parameters().size(), plain.parameters().size() + 4);
            for (std::size_t i = 0; i < plain.parameters().size(); ++i)
                QVERIFY(at::equal(model.parameters()[i].value, plain.parameters()[i].value));
            randomise(plain.parameters());
            randomise(model.parameters());
            const auto batch = randomBatch(config, 2);
            const auto context = model.context(test::conditionsOf(batch), {}, latentTokens);
            Intermediate inside{.block = 0};
            const auto v = model.velocity(batch.latent, times(2), context, {.intermediate = &inside});
            const auto before =
                plain.velocity(batch.latent, times(2), plain.context(test::conditionsOf(batch), {}, latentTokens));
            QVERIFY(at::equal(v, before));
            QCOMPARE(inside.velocity.sizes().vec(), v.sizes().vec());
            QCOMPARE(inside.tokens.sizes().vec(), (std::vector<std::int64_t>{2, 16, config.hiddenSize}));
            QVERIFY(difference(inside.velocity, v) > 1e-3);

            // Its gradient reaches the head and what lies before it, and nothing behind it.
            const auto gradients = gradientsOf(model, inside.velocity);
            for (std::size_t i = 0; i < gradients.size(); ++i) {
                const auto& name = model.parameters()[i].name;
                const bool behind = name.starts_with("blocks.1.") || name.starts_with("final_layer.");
                const bool dropped = name.starts_with("null_");
                if (!dropped)
                    QVERIFY2((gradients[i].abs().max().item<double>() > 0) != behind, name.c_str());
            }
            // Also where blocks are recomputed.
            Intermediate again;
            const auto recomputed =
                model.velocity(batch.latent, times(2), model.context(test::conditionsOf(batch), {}, latentTokens),
                               {.checkpointing = true, .intermediate = &again});
            QVERIFY(at::equal(recomputed, v) && at::equal(again.velocity, inside.velocity));
            const auto wrong = firstDifferent(model, gradientsOf(model, again.velocity), gradients);
            QVERIFY2(wrong.empty(), wrong.c_str());
        }
    }

    void anInternalHeadComesBeforeTheLastBlock()
    {
        auto config = tinyModelConfig();
        config.internalHead = 2;
        QCOMPARE(config.validate().size(), std::size_t{1});
        QCOMPARE(QString::fromStdString(config.validate()[0].key), QStringLiteral("model.internal_head"));
        config.internalHead = 1;
        QVERIFY(config.validate().empty());
    }

    void theSameSeedGivesTheSameModel()
    {
        const NanoDiT a(tinyModelConfig(), 4), b(tinyModelConfig(), 4), other(tinyModelConfig(), 5);
        for (std::size_t i = 0; i < a.parameters().size(); ++i)
            QVERIFY(at::equal(a.parameters()[i].value, b.parameters()[i].value));
        QVERIFY(!at::equal(a.parameters()[0].value, other.parameters()[0].value));
    }

    void recomputingBlocksChangesNothing_data()
    {
        QTest::addColumn<int>("config");
        QTest::addColumn<bool>("bf16");
        for (const int config : {2, 3}) {
            QTest::addRow("configuration %d, float32", config) << config << false;
            QTest::addRow("configuration %d, bf16", config) << config << true;
        }
    }
    void recomputingBlocksChangesNothing()
    {
        QFETCH(int, config);
        QFETCH(bool, bf16);
        const NanoDiT model(everyConfig()[static_cast<std::size_t>(config)]);
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

    void autocastComputesNearly_data()
    {
        QTest::addColumn<QString>("golden");
        QTest::newRow("sincos, gates, normalised queries") << "nanodit_all_options";
        QTest::newRow("rope and prior") << "nanodit_rope_prior";
    }
    void autocastComputesNearly()
    {
        QFETCH(QString, golden);
        const GoldenModel of(golden.toStdString());
        const at::NoGradGuard noGradient;
        const AutocastScope autocast(at::kBFloat16);
        const auto context = of.model->context(of.conditions, {}, of.tokens());
        const auto v = of.model->velocity(of.xt(), of.in.at("t"), context);
        const double worst = difference(v, of.out.at("v/keep")) / of.out.at("v/keep").abs().max().item<double>();
        QVERIFY2(worst < 0.015 && worst > 1e-5, std::to_string(worst).c_str());
    }

    void productsOfTurnedTokensDependOnHowTheyLieToEachOther()
    {
        at::manual_seed(2);
        const auto q = at::randn({1, 2, 12, 8}), k = at::randn({1, 2, 12, 8});
        const auto places = latentCentres({3, 4});
        const auto shift = at::tensor({2.5, -7.0}, at::kDouble);
        const auto products = [&](const at::Tensor& queriesAt, const at::Tensor& keysAt) {
            return at::matmul(Rotation::of(queriesAt, 8)(q), Rotation::of(keysAt, 8)(k).transpose(-1, -2));
        };
        const auto here = products(places, places);
        QVERIFY(difference(products(places + shift, places + shift), here) < 1e-5);
        QVERIFY(difference(products(places, places + shift), here) > 0.1);
        QVERIFY(difference(products(at::zeros_like(places), at::zeros_like(places)),
                           at::matmul(q, k.transpose(-1, -2))) < 1e-6);
    }

    void patchesOfAnotherSizeThanTheLatentsLieOnTheSamePicture()
    {
        // Twice as many patches each way: the mean of the four over a latent token lies on it.
        const auto fine = patchCentres({4, 6}, {2, 3}).view({2, 2, 3, 2, 2}).mean({1, 3}).view({6, 2});
        QCOMPARE(difference(fine, latentCentres({2, 3})), 0.0);
        const auto coarse = patchCentres({1, 3}, {2, 3}); // half as many rows: between two latent rows
        QCOMPARE(difference(coarse, at::tensor({0.5, 0.0, 0.5, 1.0, 0.5, 2.0}, at::kDouble).view({3, 2})), 0.0);
    }

    void aStrongPriorLeavesEachLatentItsOwnPatch()
    {
        auto config = tinyModelConfig();
        config.patchPrior = PatchPrior::Learned;
        const NanoDiT model(config);
        randomise(model.parameters());
        const at::NoGradGuard noGradient;
        for (const auto& [name, value] : model.parameters()) {
            if (name.ends_with("patch_prior"))
                at::Tensor(value).fill_(60);
        }
        const auto radii = model.priorRadii();
        QCOMPARE(radii.sizes(), (at::IntArrayRef{2, 4}));
        QVERIFY(difference(radii, at::full({2, 4}, 1 / std::sqrt(120.0))) < 1e-5);
        struct Watch final : AttentionObserver {
            std::vector<at::Tensor> onPatches; // [heads, L, N]
            void selfAttention(std::int64_t, const at::Tensor&, const at::Tensor&) override {}
            void crossAttention(std::int64_t, const CrossAttentionInputs& inputs) override
            {
                const CrossAttentionMap map(inputs, 0,
                                            {.text = SegmentKind::Real,
                                             .patches = SegmentKind::Real,
                                             .textColumns = inputs.keys.size(2) - 17,
                                             .patchColumns = 16,
                                             .textTokens = 8,
                                             .patchGrid = {4, 4},
                                             .latentGrid = latentTokens});
                std::vector<std::int64_t> all(16);
                std::iota(all.begin(), all.end(), 0);
                onPatches.push_back(map.probabilities(all).narrow(-1, 9, 16));
            }
        } watch;
        const auto batch = randomBatch(config, 1);
        model.velocity(batch.latent, times(1), model.context(test::conditionsOf(batch), {}, latentTokens),
                       {.checkpointing = false, .observer = &watch});
        QCOMPARE(static_cast<std::int64_t>(watch.onPatches.size()), config.depth);
        for (const auto& p : watch.onPatches) {
            const auto own = p.diagonal(0, 1, 2);
            QVERIFY(own.min().item<double>() > 1e-3);
            QVERIFY(difference(p.sum(-1), own) < 1e-6);
        }
    }

    void aNewPriorsHeadsGoFromWideToNarrow()
    {
        auto config = tinyModelConfig();
        config.patchPrior = PatchPrior::Learned;
        config.priorWidest = 8;
        config.priorNarrowest = 1;
        const auto radii = NanoDiT(config).priorRadii();
        QVERIFY(difference(radii, at::tensor({8.0, 4.0, 2.0, 1.0}).expand({2, 4})) < 1e-4);
        QVERIFY(!NanoDiT(tinyModelConfig()).priorRadii().defined());
    }

    void refusesLatentsThatItsPatchesWereNotPlacedOn()
    {
        const NanoDiT model(everyConfig().back());
        const auto batch = randomBatch(model.config(), 1);
        const auto context = model.context(test::conditionsOf(batch), {}, latentTokens);
        const auto message = errorOf([&] { model.velocity(at::randn({1, 4, 6, 10}), times(1), context); });
        QVERIFY2(message.find("4 x 4") != std::string::npos && message.find("3 x 5") != std::string::npos,
                 message.c_str());
        auto conditions = test::conditionsOf(batch);
        conditions.patchGrid = {3, 5};
        QVERIFY(errorOf([&] { model.context(conditions, {}, latentTokens); }).find("3 x 5") != std::string::npos);
    }

    void refusesConditionsOfAnotherWidth()
    {
        const NanoDiT model(tinyModelConfig());
        const auto batch = randomBatch(model.config(), 1);
        auto conditions = test::conditionsOf(batch);
        conditions.cls = at::zeros({1, 99});
        const auto message = errorOf([&] { model.context(conditions, {}, latentTokens); });
        QVERIFY2(message.find("99") != std::string::npos && message.find("12") != std::string::npos, message.c_str());
    }

    void refusesLatentsThatItsTokensDoNotFill()
    {
        const NanoDiT model(tinyModelConfig());
        const auto message = errorOf([&] { model.tokenGrid(7, 8); });
        QVERIFY2(message.find("7 x 8") != std::string::npos, message.c_str());
        QVERIFY2(message.ends_with("sides that are multiples of 2"), message.c_str()); // of whatever autoencoder
    }
};

QTEST_APPLESS_MAIN(TestNanodit)
#include "tst_nanodit.moc"
