#include "core/sample/branch_pictures.h"
#include "core/sample/guidance.h"
#include "tests/support/tensor_difference.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize latentTokens = {4, 4};

/// The plain way: every branch evaluated, without kept keys and values.
at::Tensor branch(const NanoDiT& model, const Batch& batch, bool text, bool dino, const at::Tensor& x, float t)
{
    const auto context = model.context(test::conditionsOf(batch), {.text = {!text}, .dino = {!dino}}, latentTokens);
    return model.velocity(x, at::full({1}, t), context);
}

} // namespace

class TestSampler : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void anEvaluationIsStoppedWithinABlock()
    {
        const auto config = tinyModelConfig();
        const NanoDiT model(config);
        randomise(model.parameters());
        const auto batch = randomBatch(config, 1);
        const auto x = at::randn({1, 4, 8, 8});
        const auto evaluator = [&] {
            return BranchEvaluator(model, test::conditionsOf(batch), {}, latentTokens, Compute{});
        };
        auto whole = evaluator();
        const auto expected = whole.velocity(Branch::Full, x, 0.6F);
        auto stoppable = evaluator();
        int asked = 0;
        stoppable.stopWhen([&asked] {
            ++asked;
            return false;
        });
        QVERIFY(stoppable.velocity(Branch::Full, x, 0.6F).equal(expected)); // to be asked changes nothing
        const int inOneEvaluation = asked;
        QVERIFY(inOneEvaluation > config.depth); // also between the blocks
        for (int most = 1; most <= inOneEvaluation; ++most) {
            asked = 0;
            stoppable.stopWhen([&asked, most] { return ++asked == most; });
            BranchVelocities velocities(stoppable, x, 0.3F);
            bool stopped = false;
            try {
                velocities(Branch::Full);
            } catch (const EvaluationStopped&) {
                stopped = true;
            }
            QVERIFY(stopped);
            QCOMPARE(asked, most);
            QVERIFY(!velocities.evaluated(Branch::Full));
            stoppable.stopWhen({});
            QVERIFY(stoppable.velocity(Branch::Full, x, 0.6F).equal(expected)); // as if it had not been
        }
    }

    void aBranchAloneIsWhatItsPictureFollows()
    {
        const auto config = tinyModelConfig();
        const NanoDiT model(config);
        randomise(model.parameters());
        const auto conditions = test::conditionsOf(randomBatch(config, 1));
        const auto x = at::randn({1, 4, 8, 8});
        SampleRequest request;
        request.prompt = "a red circle";
        request.reference = RecordReference{"a"};
        request.guidanceRule = GuidanceRule::Projected;
        request.guidanceInterval = {0.2, 0.3};
        request.dinoWeights = std::vector<double>(16, 0.5);
        request.weakGuide = WeakGuide{.checkpoint = "weak", .scale = 3};
        const auto pictures = branchesAlone(request);
        QCOMPARE(pictures.size(), allBranches.size());
        BranchEvaluator evaluator(model, conditions, {}, latentTokens, Compute{});
        for (std::size_t i = 0; i < pictures.size(); ++i) {
            QVERIFY(!pictures[i].request.weakGuide);
            GuidedVelocity velocity(model, conditions, {}, latentTokens,
                                    Guidance::of(pictures[i].request, {.rows = 4, .cols = 4}), Compute{});
            for (const float t : {0.9F, 0.25F})
                QVERIFY(velocity(x, t).equal(evaluator.velocity(allBranches[i], x, t)));
            QCOMPARE(velocity.evaluations(), std::int64_t(2)); // and no other branch
        }
        request.reference = NoReference{};
        QCOMPARE(branchesAlone(request).size(), std::size_t(2));
        QCOMPARE(branchesAlone(request)[1].name, std::string("text alone"));
        request.prompt.clear();
        QCOMPARE(branchesAlone(request).size(), std::size_t(1));
    }

    void keptKeysAndValuesAreOneBlockOfMemoryEach()
    {
        const NanoDiT model(tinyModelConfig());
        const at::NoGradGuard noGradient;
        const auto context = model.context(test::conditionsOf(randomBatch(model.config(), 2)), {}, latentTokens, true);
        QCOMPARE(context.keyValues.size(), std::size_t(model.config().depth));
        for (const auto& kept : context.keyValues)
            QVERIFY(kept.keys.is_contiguous() && kept.values.is_contiguous());
    }

    void guidanceEqualsItsFormula()
    {
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const at::NoGradGuard noGradient;
        const auto batch = randomBatch(model.config(), 1);
        const auto x = at::randn({1, 4, 8, 8});
        const float t = 0.6F;
        const auto u = branch(model, batch, false, false, x, t), text = branch(model, batch, true, false, x, t),
                   dino = branch(model, batch, false, true, x, t), full = branch(model, batch, true, true, x, t);
        const auto guided = [&](Guidance guidance, GivenConditions given = {}) {
            GuidedVelocity velocity(model, test::conditionsOf(batch), given, latentTokens, guidance, Compute{});
            velocity(x, 0.9F); // the contexts of an earlier step serve this one
            return velocity(x, t);
        };
        QVERIFY(difference(guided({.textScale = 3, .dinoScale = 1.5}), u + 3 * (text - u) + 1.5 * (dino - u)) < 1e-4);
        QVERIFY(difference(guided({.mode = GuidanceMode::Chained, .textScale = 3, .dinoScale = 1.5}),
                           u + 1.5 * (dino - u) + 3 * (full - dino)) < 1e-4);
        QVERIFY(difference(guided({.textScale = 0, .dinoScale = 0}), u) < 1e-5);
        QVERIFY(difference(guided({.textScale = 3, .dinoScale = 2, .interval = {0.7, 1}}), full) < 1e-5);
        QVERIFY(difference(guided({.textScale = 3, .dinoScale = 2}, {.dino = false}), u + 3 * (text - u)) < 1e-4);
        QVERIFY(difference(guided({.textScale = 3, .dinoScale = 2}, {.text = false, .dino = false}), u) < 1e-5);

        // CFG-Zero*: with one condition the formula of the paper; the first steps stand still.
        const Guidance zero{.textScale = 3, .dinoScale = 2, .rule = GuidanceRule::CfgZero};
        const auto best = ((text * u).sum() / (u * u).sum()).item<double>();
        QVERIFY(difference(guided(zero, {.dino = false}), best * u + 3 * (text - best * u)) < 1e-4);
        GuidedVelocity still(model, test::conditionsOf(batch), {}, latentTokens, zero, Compute{});
        QCOMPARE(still(x, 0.97F).abs().max().item<double>(), 0.0);
        QCOMPARE(still.evaluations(), std::int64_t{0});
        // Chained, it is that formula over what DINO gives: with scales of 1 the fully conditioned model.
        const auto scaleOf = [](const at::Tensor& c, const at::Tensor& r) {
            return ((c * r).sum() / (r * r).sum()).item<double>();
        };
        auto chained = zero;
        chained.mode = GuidanceMode::Chained;
        const auto ofDino = scaleOf(dino, u), ofFull = scaleOf(full, dino);
        QVERIFY(difference(guided(chained),
                           ofFull * (ofDino * u + 2 * (dino - ofDino * u)) + 3 * (full - ofFull * dino)) < 1e-4);
        chained.textScale = chained.dinoScale = 1;
        QVERIFY(difference(guided(chained), full) < 1e-4);

        // APG that keeps all of a term, forgets the steps before and bounds nothing is the plain sum.
        const ProjectedGuidance all{.parallel = 1, .momentum = 0, .threshold = 0};
        for (const auto mode : {GuidanceMode::Additive, GuidanceMode::Chained}) {
            QVERIFY(difference(guided({.mode = mode,
                                       .textScale = 3,
                                       .dinoScale = 1.5,
                                       .rule = GuidanceRule::Projected,
                                       .projected = all}),
                               guided({.mode = mode, .textScale = 3, .dinoScale = 1.5})) < 1e-4);
        }
        // What it changes lies across the picture that the condition predicts.
        const auto projected =
            guided({.textScale = 3, .rule = GuidanceRule::Projected, .projected = {.momentum = 0}}, {.dino = false});
        const auto picture = x - t * text;
        const auto change = -t * (projected - text);
        QVERIFY(std::abs((change * picture).sum().item<double>()) <
                1e-3 * (change.norm() * picture.norm()).item<double>());
        // Momentum counts the step before, and a threshold bounds a term.
        const Guidance slow{.textScale = 3, .rule = GuidanceRule::Projected, .projected = {.momentum = -0.5}};
        QVERIFY(difference(guided(slow, {.dino = false}), projected) > 1e-3);
        const Guidance bounded{.textScale = 3,
                               .rule = GuidanceRule::Projected,
                               .projected = {.parallel = 1, .momentum = 0, .threshold = 1e-3}};
        const auto least = guided(bounded, {.dino = false});
        QVERIFY(std::abs((t * (least - text)).square().mean().sqrt().item<double>() - 2e-3) < 1e-5);
    }

    void theScaleOfDinoAppliesByRegion()
    {
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const at::NoGradGuard noGradient;
        const auto batch = randomBatch(model.config(), 1);
        const auto conditions = test::conditionsOf(batch);
        const auto grid = conditions.patchGrid;
        const auto x = at::randn({1, 4, 8, 8});
        const float t = 0.6F;
        const auto u = branch(model, batch, false, false, x, t), text = branch(model, batch, true, false, x, t),
                   dino = branch(model, batch, false, true, x, t), full = branch(model, batch, true, true, x, t);
        const auto guided = [&](Guidance guidance, std::vector<double> weights) {
            guidance.dinoWeights = std::move(weights);
            guidance.patches = grid;
            GuidedVelocity velocity(model, conditions, {}, latentTokens, guidance, Compute{});
            return velocity(x, t);
        };
        const auto count = static_cast<std::size_t>(grid.count());
        const std::vector<Guidance> rules = {
            {.textScale = 3, .dinoScale = 1.5},
            {.mode = GuidanceMode::Chained, .textScale = 3, .dinoScale = 1.5},
            {.textScale = 3, .dinoScale = 1.5, .rule = GuidanceRule::CfgZero},
            {.textScale = 3, .dinoScale = 1.5, .rule = GuidanceRule::Projected},
            {.textScale = 3, .dinoScale = 1.5, .interval = {0.7, 1}},
        };
        for (const auto& rule : rules) // a weight of 1 everywhere is none
            QVERIFY(difference(guided(rule, std::vector<double>(count, 1.0)), guided(rule, {})) < 1e-4);
        // A weight of 0 everywhere leaves the other terms.
        const std::vector<double> nowhere(count, 0.0);
        QVERIFY(difference(guided(rules[0], nowhere), u + 3 * (text - u)) < 1e-4);
        QVERIFY(difference(guided(rules[1], nowhere), u + 3 * (full - dino)) < 1e-4);
        QVERIFY(difference(guided(rules[4], nowhere), full) < 1e-5); // outside the interval there are no scales
        // The upper half alone: whole inside, nothing outside, between the middles of both rows the linear mean.
        std::vector<double> upper(count, 0.0);
        std::fill_n(upper.begin(), count / 2, 1.0);
        const auto half = guided(rules[0], upper) - (u + 3 * (text - u));
        const auto term = 1.5 * (dino - u);
        const auto weights = at::upsample_bilinear2d(
            at::tensor(upper, at::TensorOptions(at::kFloat)).view({1, 1, grid.rows, grid.cols}), {8, 8}, false);
        QVERIFY(difference(half, weights * term) < 1e-4);
        QVERIFY(difference(half.narrow(2, 0, 2), term.narrow(2, 0, 2)) < 1e-4);
        QVERIFY(half.narrow(2, 6, 2).abs().max().item<double>() < 1e-4);
        QVERIFY(term.narrow(2, 6, 2).abs().max().item<double>() > 1e-3);
    }

    void weightsThatDoNotFitAreRefused()
    {
        SampleRequest request;
        request.size = {.width = 64, .height = 64};
        QVERIFY(Guidance::of(request, {4, 4}).dinoWeights.empty());
        request.dinoWeights = {0, 0.5, 1};
        QVERIFY(errorOf([&] { Guidance::of(request, {4, 4}); }).find("3 patches") != std::string::npos);
        QCOMPARE(Guidance::of(request, {1, 3}).dinoWeights, request.dinoWeights);
        request.dinoWeights[1] = 1.5;
        QVERIFY(errorOf([&] { Guidance::of(request, {1, 3}); }).find("1.5") != std::string::npos);
    }

    void internalGuidanceEqualsItsFormula()
    {
        auto config = tinyModelConfig();
        config.internalHead = 1;
        const NanoDiT model(config);
        randomise(model.parameters());
        const at::NoGradGuard noGradient;
        const auto batch = randomBatch(config, 1);
        const auto x = at::randn({1, 4, 8, 8});
        const float t = 0.6F;
        constexpr double w = 1.7;
        const auto away = [&](bool text, bool dino) {
            Intermediate inside;
            const auto context =
                model.context(test::conditionsOf(batch), {.text = {!text}, .dino = {!dino}}, latentTokens);
            const auto v = model.velocity(x, at::full({1}, t), context, {.intermediate = &inside});
            return inside.velocity + w * (v - inside.velocity);
        };
        const auto guided = [&](const Guidance& guidance) {
            GuidedVelocity velocity(model, test::conditionsOf(batch), {}, latentTokens, guidance, Compute{});
            const auto result = velocity(x, t);
            return std::pair(result, velocity.evaluations());
        };
        const Guidance plain{.textScale = 3, .dinoScale = 1.5};
        auto internal = plain;
        internal.rule = GuidanceRule::Internal;
        internal.internalScale = w;
        const auto u = away(false, false);
        const auto expected = u + 3 * (away(true, false) - u) + 1.5 * (away(false, true) - u);
        QVERIFY(difference(guided(internal).first, expected) < 1e-4);
        QVERIFY(difference(guided(internal).first, guided(plain).first) > 1e-3);
        QCOMPARE(guided(internal).second, guided(plain).second); // the head comes with the evaluation
        auto everywhere = internal;                              // a weight of 1 for every patch is none
        everywhere.dinoWeights.assign(16, 1.0);
        everywhere.patches = {4, 4};
        QVERIFY(difference(guided(everywhere).first, expected) < 1e-4);
        internal.internalScale = 1;
        QVERIFY(difference(guided(internal).first, guided(plain).first) < 1e-4);
        internal.internalScale = w;
        internal.interval = {0.7, 1};
        QVERIFY(difference(guided(internal).first, branch(model, batch, true, true, x, t)) < 1e-5);
    }

    void aGuidedVelocityIsStoppedWithinABlock()
    {
        const NanoDiT model(tinyModelConfig());
        GuidedVelocity velocity(model, test::conditionsOf(randomBatch(model.config(), 1)), {}, latentTokens, {},
                                Compute{});
        velocity.stopWhen([] { return true; });
        QVERIFY_EXCEPTION_THROWN(velocity(at::zeros({1, 4, 8, 8}), 0.5F), EvaluationStopped);
    }

    void internalGuidanceIsRefusedWithoutItsHead()
    {
        const NanoDiT model(tinyModelConfig());
        const auto batch = randomBatch(model.config(), 1);
        GuidedVelocity velocity(model, test::conditionsOf(batch), {}, latentTokens, {.rule = GuidanceRule::Internal},
                                Compute{});
        const auto message = errorOf([&] { velocity(at::zeros({1, 4, 8, 8}), 0.5F); });
        QVERIFY2(message.find("model.internal_head") != std::string::npos, message.c_str());
    }

    void aWeakerModelIsLedAwayFrom()
    {
        const NanoDiT model(tinyModelConfig()), weak(tinyModelConfig());
        randomise(model.parameters());
        randomise(weak.parameters());
        const at::NoGradGuard noGradient;
        for (const auto& parameter : weak.parameters()) // random numbers are the same for both
            at::Tensor(parameter.value).mul_(0.7);
        const auto batch = randomBatch(model.config(), 1);
        const auto x = at::randn({1, 4, 8, 8});
        BranchEvaluator ours(model, test::conditionsOf(batch), {}, latentTokens, Compute{});
        BranchEvaluator theirs(weak, test::conditionsOf(batch), {}, latentTokens, Compute{});
        const auto guided = [&](const Guidance& guidance, double scale, float t) {
            const auto guider = makeAutoguider(makeGuider(guidance, ours.given()), theirs, scale);
            BranchVelocities branches(ours, x, t);
            return guider->velocity(branches);
        };
        const auto with = [&](double scale) { return guided({.textScale = 0.4, .dinoScale = 0.6}, scale, 0.6F); };
        const auto plain = with(1);
        QCOMPARE(theirs.evaluations(), std::int64_t{0});
        const auto away = branch(model, batch, true, true, x, 0.6F) - branch(weak, batch, true, true, x, 0.6F);
        QVERIFY(difference(with(2.5), plain + 1.5 * away) < 1e-4);

        // Outside the interval, and while CFG-Zero* stands still, there is no guidance.
        const auto evaluations = theirs.evaluations();
        QVERIFY(difference(guided({.interval = {0, 0.5}}, 2.5, 0.6F), branch(model, batch, true, true, x, 0.6F)) <
                1e-5);
        QCOMPARE(guided({.rule = GuidanceRule::CfgZero}, 2.5, 0.97F).abs().max().item<double>(), 0.0);
        QCOMPARE(theirs.evaluations(), evaluations);
    }

    void guidanceIsMeasured()
    {
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const at::NoGradGuard noGradient;
        const auto batch = randomBatch(model.config(), 1);
        const auto x = at::randn({1, 4, 8, 8});
        BranchEvaluator evaluator(model, test::conditionsOf(batch), {}, latentTokens, Compute{});
        const auto guider = makeGuider({.textScale = 3, .dinoScale = 2, .interval = {0, 0.8}}, {});
        BranchVelocities branches(evaluator, x, 0.6F);
        guider->velocity(branches);
        const auto evaluations = evaluator.evaluations();
        const auto step = guider->measure(branches).front();
        QCOMPARE(evaluator.evaluations(), evaluations); // of what was evaluated anyway
        QVERIFY(step.applies && step.text && step.dino);
        const auto text = branches(Branch::Text), u = branches(Branch::Unconditional);
        QVERIFY(std::abs(step.text->length - (text - u).square().mean().sqrt().item<double>()) < 1e-6);
        QVERIFY(std::abs(std::hypot(step.text->parallel, step.text->across) - step.text->length) < 1e-5);
        BranchVelocities outside(evaluator, x, 0.9F);
        guider->velocity(outside);
        QVERIFY(!guider->measure(outside).front().applies && !guider->measure(outside).front().text);
        // The scale of CFG-Zero* is that of its step, not of one before.
        const auto zero =
            makeGuider({.textScale = 3, .dinoScale = 2, .interval = {0.5, 1}, .rule = GuidanceRule::CfgZero}, {});
        zero->velocity(branches);
        QVERIFY(zero->measure(branches).front().zeroScale != 1);
        BranchVelocities later(evaluator, x, 0.3F);
        zero->velocity(later);
        QCOMPARE(zero->measure(later).front().zeroScale, 1.0);
    }

    void branchesOfNoWeightAreNotEvaluated_data()
    {
        QTest::addColumn<double>("text");
        QTest::addColumn<double>("dino");
        QTest::addColumn<bool>("chained");
        QTest::addColumn<int>("evaluations");
        QTest::newRow("both") << 3.0 << 2.0 << false << 3;
        QTest::newRow("unconditional") << 0.0 << 0.0 << false << 1;
        QTest::newRow("text alone") << 1.0 << 0.0 << false << 1;
        QTest::newRow("no unconditional part") << 0.4 << 0.6 << false << 2;
        QTest::newRow("guided text alone") << 3.0 << 0.0 << false << 2;
        QTest::newRow("chained") << 3.0 << 2.0 << true << 3;
        QTest::newRow("chained, plain full") << 1.0 << 1.0 << true << 1;
    }
    void branchesOfNoWeightAreNotEvaluated()
    {
        QFETCH(double, text);
        QFETCH(double, dino);
        QFETCH(bool, chained);
        QFETCH(int, evaluations);
        const NanoDiT model(tinyModelConfig());
        const auto batch = randomBatch(model.config(), 1);
        GuidedVelocity velocity(
            model, test::conditionsOf(batch), {}, latentTokens,
            {.mode = chained ? GuidanceMode::Chained : GuidanceMode::Additive, .textScale = text, .dinoScale = dino},
            Compute{});
        velocity(at::zeros({1, 4, 8, 8}), 0.5F);
        QCOMPARE(velocity.evaluations(), evaluations);
    }

    void leavingOutABranchOfNoWeightChangesNothing()
    {
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        const at::NoGradGuard noGradient;
        const auto batch = randomBatch(model.config(), 1);
        const auto x = at::randn({1, 4, 8, 8});
        const float t = 0.6F;
        const auto u = branch(model, batch, false, false, x, t), text = branch(model, batch, true, false, x, t),
                   dino = branch(model, batch, false, true, x, t), full = branch(model, batch, true, true, x, t);
        const auto guided = [&](GuidanceMode mode, double textScale, double dinoScale) {
            GuidedVelocity velocity(model, test::conditionsOf(batch), {}, latentTokens,
                                    {.mode = mode, .textScale = textScale, .dinoScale = dinoScale}, Compute{});
            return velocity(x, t);
        };
        for (const double s : {0.0, 0.4, 1.0, 3.0}) {
            for (const double d : {0.0, 0.6, 1.0, 2.0}) {
                const auto added =
                    difference(guided(GuidanceMode::Additive, s, d), u + s * (text - u) + d * (dino - u));
                const auto chained =
                    difference(guided(GuidanceMode::Chained, s, d), u + d * (dino - u) + s * (full - dino));
                QVERIFY2(added < 1e-4 && chained < 1e-4,
                         qPrintable(QStringLiteral("text %1, DINO %2: %3, %4").arg(s).arg(d).arg(added).arg(chained)));
            }
        }
    }

    void aPictureCarriesItsSettings()
    {
        SampleRequest request;
        request.prompt = "a \"red\" circle\nabove ünïcode";
        request.textRecord = "scene-7";
        request.reference = PictureReference{"/pictures/a b.png"};
        request.size = {.width = 160, .height = 96};
        request.steps = 17;
        request.solver = Solver::Heun;
        request.shift = 2.5;
        request.textScale = 3.25;
        request.dinoScale = 0.1;
        request.guidance = GuidanceMode::Chained;
        request.guidanceInterval = {0.2, 0.8};
        request.guidanceRule = GuidanceRule::Projected;
        request.projected = {.parallel = 0.25, .momentum = -0.75, .threshold = 0.5};
        request.weakGuide = WeakGuide{.checkpoint = "/runs/a/checkpoints/step-00000100", .scale = 1.5};
        request.start = PictureStart{.picture = RecordReference{"scene-8"}, .time = 0.4};
        request.seed = 18446744073709551615ULL;
        const TemporaryFolder folder;
        Image image{.size = {2, 2}, .rgb = std::vector<std::uint8_t>(12, 7)};
        writePng(folder / "a.png", image, settingsOf(request));
        const auto read = sampleRequestFromPng(folder / "a.png");
        QVERIFY(read);
        QCOMPARE(settingsOf(*read), settingsOf(request));
        QCOMPARE(read->seed, request.seed);
        QCOMPARE(std::get<PictureReference>(read->reference).file, "/pictures/a b.png");
        request.guidanceRule = GuidanceRule::Internal;
        request.internalScale = 1.25;
        writePng(folder / "i.png", image, settingsOf(request));
        const auto internal = sampleRequestFromPng(folder / "i.png");
        QVERIFY(internal->guidanceRule == GuidanceRule::Internal);
        QCOMPARE(internal->internalScale, 1.25);

        writePng(folder / "b.png", image);
        QVERIFY(!sampleRequestFromPng(folder / "b.png"));
        QVERIFY(errorOf([&] { readSampleRequest(folder / "b.png"); }).find("b.png") != std::string::npos);
        std::filesystem::copy(folder / "a.png", folder / "a.picture"); // by its bytes, whatever its name
        QCOMPARE(readSampleRequest(folder / "a.picture").seed, request.seed);
        auto inLatin = request;
        inLatin.prompt = "a circle";
        std::string wide = "\xff\xfe"; // UTF-16, as editors of Windows save it
        const auto narrow = settingsOf(inLatin).at("nanodit");
        for (const char c : narrow)
            wide.append({c, '\0'});
        writeText(folder / "a.json", wide);
        QCOMPARE(readSampleRequest(folder / "a.json").seed, request.seed);
        for (const auto* const name : {"photo.jpg", "photo.png"}) {
            writeText(folder / name, std::string("\xff\xd8\xff\xe0 and so on", 14));
            const auto message = errorOf([&] { readSampleRequest(folder / name); });
            QVERIFY2(message.starts_with((folder / name).string() + " is a JPEG picture, not a PNG"), message.c_str());
        }
        writePng(folder / "c.png", image, {{"nanodit", "{\"prompt\": 3"}});
        QVERIFY(errorOf([&] { sampleRequestFromPng(folder / "c.png"); }).find("c.png") != std::string::npos);
        const auto settings = nlohmann::json::parse(settingsOf(request).at("nanodit"));
        for (const auto& [key, value] : std::map<std::string, std::string>{
                 {"solver", "magic"}, {"guidance", "none"}, {"guidance_rule", "loud"}, {"size", "big"}}) {
            auto spoilt = settings;
            spoilt[key] = value;
            writePng(folder / "d.png", image, {{"nanodit", spoilt.dump()}});
            const auto message = errorOf([&] { sampleRequestFromPng(folder / "d.png"); });
            QVERIFY2(message.starts_with((folder / "d.png").string()) && message.find(value) != std::string::npos,
                     message.c_str());
        }
        for (const auto& [key, value] :
             std::multimap<std::string, nlohmann::json>{{"steps", 1.5}, {"steps", true}, {"seed", -1}, {"seed", 0.5}}) {
            auto spoilt = settings;
            spoilt[key] = value;
            writePng(folder / "e.png", image, {{"nanodit", spoilt.dump()}});
            const auto message = errorOf([&] { sampleRequestFromPng(folder / "e.png"); });
            QVERIFY2(message.find("\"" + key + "\"") != std::string::npos &&
                         message.find("whole number") != std::string::npos,
                     message.c_str());
        }
    }
};

QTEST_APPLESS_MAIN(TestSampler)
#include "tst_sampler.moc"
