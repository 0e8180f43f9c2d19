#include "core/inspect/knock_out.h"
#include "core/runtime/error.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

using namespace nanodit;
using namespace nanodit::test;

/// What knock-outs are made of; tst_attention_session runs them on a model.
class TestKnockOut : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void aColumnThatStandsForManyLosesItsPart();
    void equalsAContextThatNeverHadTheTokens();
    void theControlHasTheSameMass();
    void correlationIsPearsons();
};

namespace {

/// Three text tokens in two columns (one is padding), CLS, four null patches in one column.
ContextLayout layoutWithNullPatches()
{
    return {.text = SegmentKind::Real,
            .patches = SegmentKind::Null,
            .textColumns = 2,
            .patchColumns = 1,
            .textTokens = 3,
            .patchGrid = {2, 2},
            .latentGrid = {2, 2}};
}

} // namespace

void TestKnockOut::aColumnThatStandsForManyLosesItsPart()
{
    const auto layout = layoutWithNullPatches();
    const auto bias = at::tensor({0.0F, 0.0F, 0.0F, std::log(4.0F)}).unsqueeze(0);
    const auto weights = [&](const std::vector<std::int64_t>& tokens) {
        return biasWithout(layout, bias, at::kCPU, tokens)[0].exp();
    };
    const auto is = [](const at::Tensor& found, std::array<float, 4> expected) {
        return at::allclose(found, at::tensor(at::ArrayRef<float>(expected)), 1e-5, 1e-6);
    };
    QVERIFY(is(weights({0}), {0, 1, 1, 4}));
    QVERIFY(is(weights({2}), {1, 1, 1, 4})); // padding is in no column
    QVERIFY(is(weights({3, 4, 6}), {1, 1, 0, 2}));
    QVERIFY(is(weights({4, 5, 6, 7}), {1, 1, 1, 0}));
    QVERIFY(is(bias[0].exp(), {1, 1, 1, 4})); // the context's own bias stays
    QVERIFY_EXCEPTION_THROWN(weights({0, 1, 3, 4, 5, 6, 7}), UsageError);
    QVERIFY(is(biasWithout(layout, {}, at::kCPU, std::vector<std::int64_t>{1})[0].exp(), {1, 0, 1, 1}));
}

void TestKnockOut::equalsAContextThatNeverHadTheTokens()
{
    const at::NoGradGuard noGradient;
    constexpr GridSize grid = {4, 4};
    auto config = tinyModelConfig();
    config.patchPosition = PatchPosition::Rope;
    config.patchPrior = PatchPrior::Learned;
    const NanoDiT model(config);
    randomise(model.parameters());
    const auto batch = randomBatch(config, 1);
    const auto t = at::tensor({0.6F});
    auto conditions = conditionsOf(batch, 8);
    auto context = model.context(conditions, {}, grid);
    const auto with = model.velocity(batch.latent, t, context);
    const auto layout = ContextLayout::of(context, 0, grid, grid);
    const std::vector<std::int64_t> tokens = {1, 8 + 1 + 3, 8 + 1 + 10}; // a word, two patches
    context.terms.logitBias = biasWithout(layout, context.terms.logitBias, at::kCPU, tokens);
    const auto without = model.velocity(batch.latent, t, context);

    conditions.textMask = conditions.textMask.clone();
    conditions.textMask.select(1, 1).fill_(false);
    conditions.patchMask = at::ones({1, 16}, at::kBool);
    conditions.patchMask.select(1, 3).fill_(false);
    conditions.patchMask.select(1, 10).fill_(false);
    const auto never = model.velocity(batch.latent, t, model.context(conditions, {}, grid));
    QVERIFY(at::allclose(without, never, 1e-5, 1e-6));
    QVERIFY(!at::allclose(without, with, 1e-3, 1e-4));
}

void TestKnockOut::theControlHasTheSameMass()
{
    std::vector<double> mass(40, 0.02);
    mass[7] = 0.2;
    mass[9] = 0; // padding
    const std::vector<std::int64_t> tokens = {3, 4, 5, 6};
    const auto control = tokensOfEqualMass(mass, tokens, 11);
    double sum = 0;
    for (const auto token : control) {
        QVERIFY(token != 9 && std::ranges::find(tokens, token) == tokens.end());
        sum += mass[static_cast<std::size_t>(token)];
    }
    QVERIFY(std::abs(sum - 0.08) < 1e-9);
    QCOMPARE(tokensOfEqualMass(mass, tokens, 11), control);
    QVERIFY(tokensOfEqualMass(mass, tokens, 12) != control);
    // More than all others have together.
    const auto rest = tokensOfEqualMass(std::vector<double>{0.9, 0.05, 0.03, 0.02}, std::vector<std::int64_t>{0}, 1);
    QCOMPARE(rest, (std::vector<std::int64_t>{1, 2, 3}));
}

void TestKnockOut::correlationIsPearsons()
{
    const std::vector<float> a = {1, 2, 3, 4}, b = {2, 4, 6, 8}, c = {4, 3, 2, 1}, d = {1, 3, 2, 5},
                             same = {1, 1, 1, 1};
    QVERIFY(std::abs(correlation(a, b) - 1) < 1e-12);
    QVERIFY(std::abs(correlation(a, c) + 1) < 1e-12);
    QVERIFY(std::abs(correlation(a, d) - 0.831522) < 1e-5);
    QVERIFY(std::isnan(correlation(a, same)));
}

QTEST_APPLESS_MAIN(TestKnockOut)
#include "tst_knock_out.moc"
