#include "core/model/attention_observer.h"
#include "core/model/nanodit.h"
#include "tests/support/model_variants.h"
#include "tests/support/tensor_difference.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize latentTokens = {4, 4};
constexpr std::int64_t samples = 3;

at::Tensor times(std::int64_t count)
{
    return at::linspace(0.1, 0.9, count);
}

bool placesPatches(const ModelConfig& config)
{
    return config.patchPosition != PatchPosition::None || config.patchPrior != PatchPrior::None;
}

/// Conditions of one sample, its text being as long as it is.
Conditions sampleWithoutPadding(const Batch& batch, std::int64_t i)
{
    const auto valid = batch.textMask[i].sum().item<std::int64_t>();
    return {.cls = batch.cls.narrow(0, i, 1),
            .patches = batch.patches.narrow(0, i, 1),
            .patchGrid = batch.patchGrid,
            .text = batch.text.narrow(0, i, 1).narrow(1, 0, valid),
            .textMask = {},
            .textTokens = 8};
}

} // namespace

/// What makes a model fast without changing what it computes, each against the plain way and for every kind of model.
class TestEqualities : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void paddingIsLeftOutWithoutADifference()
    {
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const auto batch = randomBatch(model.config(), 1); // 3 valid tokens of 6
        const auto padded = model.context(test::conditionsOf(batch), {}, latentTokens);
        QCOMPARE(padded.text.size(), 3);
        QVERIFY(!padded.terms.logitBias.defined());
        QCOMPARE(padded.shownTokens(), 8 + 1 + 16);
        auto trimmed = test::conditionsOf(batch);
        trimmed.text = batch.text.narrow(1, 0, 3);
        trimmed.textMask = at::Tensor();
        QCOMPARE(difference(model.velocity(batch.latent, times(1), padded),
                            model.velocity(batch.latent, times(1), model.context(trimmed, {}, latentTokens))),
                 0.0);
    }

    void maskedPaddingEqualsPaddingLeftOut()
    {
        // The plain way: captions of several lengths in one batch, where what is behind a shorter one is masked.
        for (const auto& config : everyConfig()) {
            const NanoDiT model(config);
            randomise(model.parameters());
            auto batch = randomBatch(config, samples);                                  // 3, 4 and 5 valid tokens of 6
            batch.text.masked_fill_(batch.textMask.logical_not().unsqueeze(-1), 100.0); // whatever stands there
            const auto masked = model.context(test::conditionsOf(batch), {}, latentTokens);
            QVERIFY(masked.terms.logitBias.defined());
            const auto together = model.velocity(batch.latent, times(samples), masked);
            const auto ours = gradientsOf(model, together);
            std::vector<at::Tensor> meanOfThem;
            for (const auto& gradient : ours)
                meanOfThem.push_back(at::zeros_like(gradient));
            for (std::int64_t i = 0; i < samples; ++i) {
                const auto alone = sampleWithoutPadding(batch, i);
                const auto context = model.context(alone, {}, latentTokens);
                QVERIFY(!context.terms.logitBias.defined());
                const auto velocity =
                    model.velocity(batch.latent.narrow(0, i, 1), times(samples).narrow(0, i, 1), context);
                const auto off = difference(together.narrow(0, i, 1), velocity);
                QVERIFY2(off < 2e-5, std::to_string(off).c_str());
                const auto gradients = gradientsOf(model, velocity);
                for (std::size_t p = 0; p < gradients.size(); ++p)
                    meanOfThem[p] += gradients[p] / samples;
            }
            const auto wrong = firstDifferent(model, ours, meanOfThem);
            QVERIFY2(wrong.empty(), wrong.c_str());
        }
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
                if (config.useDinoPatches && !placesPatches(config))
                    plain.patches = at::where(where.view({3, 1, 1}), parameter("null_dino_patch_token"), batch.patches);
                const std::vector<bool> dropDinoToo = placesPatches(config) ? dropped : std::vector<bool>{};
                const auto expected = model.velocity(
                    batch.latent, times(3), model.context(plain, {.text = {}, .dino = dropDinoToo}, latentTokens));
                QVERIFY2(difference(velocity, expected) < 2e-5, std::to_string(difference(velocity, expected)).c_str());
                const auto wrong = firstDifferent(model, ours, gradientsOf(model, expected));
                QVERIFY2(wrong.empty(), wrong.c_str());
            }
        }
    }

    void keptKeysAndValuesChangeNothing()
    {
        // The plain way: keys and values of the whole context anew at each step.
        const std::vector<bool> none, one = {true, false}, both = {true, true};
        for (const auto& config : everyConfig()) {
            const NanoDiT model(config);
            randomise(model.parameters());
            const at::NoGradGuard noGradient;
            const auto batch = randomBatch(config, 2);
            for (const auto& drops : {Drops{}, Drops{.text = both, .dino = none}, Drops{.text = none, .dino = both},
                                      Drops{.text = both, .dino = both}, Drops{.text = one, .dino = one}}) {
                const auto kept = model.context(test::conditionsOf(batch), drops, latentTokens, true);
                const auto fresh = model.context(test::conditionsOf(batch), drops, latentTokens);
                for (const double t : {0.9, 0.2, 0.5}) {
                    const auto time = at::full({2}, t);
                    QVERIFY(difference(model.velocity(batch.latent, time, kept),
                                       model.velocity(batch.latent, time, fresh)) < 1e-5);
                }
            }
        }
    }

    void branchesThatDifferInTextAreEqualUpToTheFirstCrossAttention()
    {
        struct Watch final : AttentionObserver {
            std::vector<at::Tensor>
                before; // the first self attention's queries and keys, the cross attention's queries
            void selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys) override
            {
                if (block == 0)
                    before.insert(before.end(), {queries.clone(), keys.clone()});
            }
            void crossAttention(std::int64_t block, const CrossAttentionInputs& inputs) override
            {
                if (block == 0)
                    before.push_back(inputs.queries.clone());
            }
        };
        for (const auto& config : everyConfig()) {
            const NanoDiT model(config);
            randomise(model.parameters());
            const at::NoGradGuard noGradient;
            const auto batch = randomBatch(config, 1);
            Watch watches[2];
            std::vector<at::Tensor> velocities;
            for (const bool text : {false, true}) {
                const auto context =
                    model.context(test::conditionsOf(batch), {.text = {!text}, .dino = {true}}, latentTokens);
                velocities.push_back(model.velocity(batch.latent, times(1), context,
                                                    {.checkpointing = false, .observer = &watches[text ? 1 : 0]}));
            }
            QCOMPARE(watches[0].before.size(), std::size_t{3});
            QCOMPARE(watches[1].before.size(), std::size_t{3});
            for (std::size_t i = 0; i < 3; ++i)
                QVERIFY(at::equal(watches[0].before[i], watches[1].before[i]));
            QVERIFY(difference(velocities[0], velocities[1]) > 1e-3); // from there on they are not
        }
    }
};

QTEST_APPLESS_MAIN(TestEqualities)
#include "tst_equalities.moc"
