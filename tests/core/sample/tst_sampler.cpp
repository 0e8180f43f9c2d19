#include "core/sample/guidance.h"
#include "core/sample/solver.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>

#include <cmath>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize latentTokens = {4, 4};
const SolverObserver goOn = [](const SolverStep&) { return true; };

double difference(const at::Tensor& a, const at::Tensor& b)
{
    return (a - b).abs().max().item<double>();
}

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
    void timesRunFromNoiseToImage()
    {
        const auto plain = flowTimes(4, 1);
        QCOMPARE(plain, (std::vector<float>{1.0F, 0.75F, 0.5F, 0.25F, 0.0F}));
        const auto shifted = flowTimes(4, 3);
        QCOMPARE(shifted.front(), 1.0F);
        QCOMPARE(shifted.back(), 0.0F);
        QCOMPARE(shifted[2], 0.75F); // 3 / 2 / (1 + 2 / 2)
    }

    void solversAreExactWhereTheyMustBe()
    {
        // The straight flow of one image: v = noise - x0, so every solver lands on x0, from its first estimate on.
        const auto x0 = at::randn({1, 2, 3, 3}), noise = at::randn({1, 2, 3, 3});
        for (const auto solver : {Solver::Euler, Solver::Heun}) {
            const auto end = solve(
                solver, [&](const at::Tensor&, float) { return noise - x0; }, noise, flowTimes(7, 2),
                [&x0](const SolverStep& s) { return s.step == 0 || difference(s.image, x0) < 1e-5; });
            QVERIFY(end && difference(*end, x0) < 1e-5);
        }
        // dx/dt = x from t = 1 to 0 divides by e; the second order shows.
        const auto one = at::ones({1, 1, 1, 1});
        const auto error = [&one](Solver solver, int steps) {
            const auto end = solve(
                solver, [](const at::Tensor& x, float) { return x; }, one, flowTimes(steps, 1), goOn);
            return std::abs(end->item<double>() - std::exp(-1.0));
        };
        QVERIFY(error(Solver::Euler, 40) < 0.55 * error(Solver::Euler, 20));
        QVERIFY(error(Solver::Heun, 40) < 0.3 * error(Solver::Heun, 20));
        QVERIFY(error(Solver::Heun, 20) < 0.1 * error(Solver::Euler, 20));
    }

    void stopsWithinAStep()
    {
        int evaluations = 0;
        const auto velocity = [&evaluations](const at::Tensor& x, float) {
            ++evaluations;
            return x;
        };
        const auto noise = at::ones({1, 1, 1, 1});
        QVERIFY(
            !solve(Solver::Euler, velocity, noise, flowTimes(10, 1), [](const SolverStep& s) { return s.step < 3; }));
        QCOMPARE(evaluations, 3);
        QVERIFY(!solve(Solver::Euler, velocity, noise, flowTimes(10, 1), [](const SolverStep&) { return false; }));
        QCOMPARE(evaluations, 3);
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
        const auto guided = [&](Guidance guidance) {
            GuidedVelocity velocity(model, test::conditionsOf(batch), latentTokens, guidance, Compute{});
            velocity(x, 0.9F); // the contexts of an earlier step serve this one
            return velocity(x, t);
        };
        QVERIFY(difference(guided({.textScale = 3, .dinoScale = 1.5}), u + 3 * (text - u) + 1.5 * (dino - u)) < 1e-4);
        QVERIFY(difference(guided({.mode = GuidanceMode::Chained, .textScale = 3, .dinoScale = 1.5}),
                           u + 1.5 * (dino - u) + 3 * (full - dino)) < 1e-4);
        QVERIFY(difference(guided({.textScale = 0, .dinoScale = 0}), u) < 1e-5);
        QVERIFY(difference(guided({.textScale = 3, .dinoScale = 2, .interval = {0.7, 1}}), full) < 1e-5);
        QVERIFY(difference(guided({.textScale = 3, .dinoScale = 2, .hasDino = false}), u + 3 * (text - u)) < 1e-4);
        QVERIFY(difference(guided({.textScale = 3, .dinoScale = 2, .hasText = false, .hasDino = false}), u) < 1e-5);
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
            model, test::conditionsOf(batch), latentTokens,
            {.mode = chained ? GuidanceMode::Chained : GuidanceMode::Additive, .textScale = text, .dinoScale = dino},
            Compute{});
        velocity(at::zeros({1, 4, 8, 8}), 0.5F);
        QCOMPARE(velocity.evaluations(), evaluations);
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
        request.seed = 18446744073709551615ULL;
        const TemporaryFolder folder;
        Image image{.size = {2, 2}, .rgb = std::vector<std::uint8_t>(12, 7)};
        writePng(folder / "a.png", image, settingsOf(request));
        const auto read = sampleRequestFromPng(folder / "a.png");
        QVERIFY(read);
        QCOMPARE(settingsOf(*read), settingsOf(request));
        QCOMPARE(read->seed, request.seed);
        QCOMPARE(std::get<PictureReference>(read->reference).file, "/pictures/a b.png");

        writePng(folder / "b.png", image);
        QVERIFY(!sampleRequestFromPng(folder / "b.png"));
        writePng(folder / "c.png", image, {{"nanodit", "{\"prompt\": 3"}});
        QVERIFY(errorOf([&] { sampleRequestFromPng(folder / "c.png"); }).find("c.png") != std::string::npos);
    }
};

QTEST_APPLESS_MAIN(TestSampler)
#include "tst_sampler.moc"
