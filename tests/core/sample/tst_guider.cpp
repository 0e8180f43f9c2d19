#include "core/sample/guidance_plane.h"
#include "core/sample/guider.h"
#include "core/sample/request_check.h"
#include "core/sample/solver.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_model.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <optional>
#include <vector>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize latentTokens = {4, 4};

double difference(const at::Tensor& a, const at::Tensor& b)
{
    return (a - b).abs().max().item<double>();
}

/// The scales of three cells of a plane.
std::vector<Guidance> cells(GuidanceRule rule)
{
    return {{.textScale = 0, .dinoScale = 1, .rule = rule},
            {.textScale = 3, .dinoScale = 2, .rule = rule},
            {.textScale = 5, .dinoScale = 0, .rule = rule}};
}

std::vector<std::unique_ptr<Guider>> guidersOf(GuidanceRule rule)
{
    std::vector<std::unique_ptr<Guider>> guiders;
    for (const auto& guidance : cells(rule))
        guiders.push_back(makeGuider(guidance, {}));
    return guiders;
}

bool near(double a, double b)
{
    return std::abs(a - b) < 1e-4 * (1 + std::abs(b));
}

bool sameSizes(const std::optional<GuidanceTermSize>& a, const std::optional<GuidanceTermSize>& b)
{
    return a.has_value() == b.has_value() &&
           (!a || (near(a->length, b->length) && near(a->parallel, b->parallel) && near(a->across, b->across)));
}

} // namespace

/// Guided velocities, and planes of their scales.
class TestGuider : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void bothEndsOfTheIntervalAreInIt()
    {
        const auto times = flowTimes(10, 1); // 1, 0.9 ... 0
        const auto applies = [](double from, double to, double t) {
            const Guidance guidance{.textScale = 3, .dinoScale = 2, .interval = {from, to}};
            return branchFactors(guidance, {}, t)[static_cast<std::size_t>(Branch::Full)] == 0; // else that one alone
        };
        for (std::size_t i = 0; i < times.size(); ++i) {
            const double end = static_cast<double>(10 - i) / 10;
            for (std::size_t k = 0; k < times.size(); ++k) {
                QCOMPARE(applies(end, 1, times[k]), k <= i);
                QCOMPARE(applies(0, end, times[k]), k >= i);
            }
        }
    }

    void whatIsLeftOfRoundingIsNoFactor()
    {
        const auto factorsOf = [](GuidanceMode mode, double text, double dino) {
            return branchFactors({.mode = mode, .textScale = text, .dinoScale = dino}, {}, 0.5);
        };
        const auto none = static_cast<std::size_t>(Branch::Unconditional);
        QVERIFY(1 - 0.7 - 0.3 != 0);
        QCOMPARE(factorsOf(GuidanceMode::Additive, 0.7, 0.3)[none], 0.0);
        QCOMPARE(factorsOf(GuidanceMode::Chained, 2, 0.7 + 0.2 + 0.1)[none], 0.0);
        QVERIFY(factorsOf(GuidanceMode::Additive, 0.7, 0.31)[none] != 0);
    }

    void onlyShortStepsStandStill()
    {
        const NanoDiT model(tinyModelConfig());
        randomise(model.parameters());
        BranchEvaluator evaluator(model, test::conditionsOf(randomBatch(model.config(), 1)), {}, latentTokens,
                                  Compute{});
        SampleRequest request;
        request.guidanceRule = GuidanceRule::CfgZero;
        const auto stillSteps = [&](std::int64_t steps, double shift) {
            request.steps = steps;
            request.shift = shift;
            const auto times = flowTimesOf(request);
            const auto guider = makeGuiderFor({&request, 1}, {4, 4}, {}, nullptr);
            std::size_t still = 0;
            for (; still < times.size(); ++still) {
                BranchVelocities branches(evaluator, at::ones({1, 4, 8, 8}), times[still]);
                if (guider->velocity(branches).abs().max().item<double>() > 0)
                    return still;
            }
            return still;
        };
        QCOMPARE(stillSteps(2, 1), std::size_t(0)); // as in a sketch: half of the noise would stay
        QCOMPARE(stillSteps(24, 1), std::size_t(0));
        QCOMPARE(stillSteps(25, 1), std::size_t(1)); // to 0.96
        QCOMPARE(stillSteps(30, 1), std::size_t(1));
        QCOMPARE(stillSteps(50, 1), std::size_t(2));
        QCOMPARE(stillSteps(10, 3), std::size_t(1)); // to 0.964
    }

    void aBatchIsGuidedByTheGuiderOfEach_data()
    {
        QTest::addColumn<int>("rule");
        for (const auto rule :
             {GuidanceRule::Plain, GuidanceRule::CfgZero, GuidanceRule::Projected, GuidanceRule::Internal})
            QTest::newRow(nameOf(rule)) << static_cast<int>(rule);
    }

    void aBatchIsGuidedByTheGuiderOfEach()
    {
        QFETCH(int, rule);
        auto config = tinyModelConfig();
        config.internalHead = 1;
        const NanoDiT model(config);
        randomise(model.parameters());
        const auto conditions = test::conditionsOf(randomBatch(config, 1));
        BranchEvaluator together(model, conditions, {}, latentTokens, Compute{});
        BranchEvaluator apart(model, conditions, {}, latentTokens, Compute{});
        const auto guider = makeGuiderOfEach(guidersOf(static_cast<GuidanceRule>(rule)));
        const auto alone = guidersOf(static_cast<GuidanceRule>(rule));
        const auto points = at::randn({3, config.latentChannels, 8, 8});
        for (const float t : {1.0F, 0.9F, 0.3F}) { // some keep what they saw before
            const bool begin = t == 1;             // all at one point
            BranchVelocities branches(together, begin ? points.narrow(0, 0, 1) : points, t);
            const auto guided = guider->velocity(branches);
            const auto measured = guider->measure(branches);
            QCOMPARE(guided.sizes(), points.sizes());
            QCOMPARE(measured.size(), alone.size());
            for (std::size_t i = 0; i < alone.size(); ++i) {
                const auto sample = static_cast<std::int64_t>(i);
                BranchVelocities one(apart, points.narrow(0, begin ? 0 : sample, 1), t);
                const auto expected = alone[i]->velocity(one);
                QVERIFY(difference(guided.narrow(0, sample, 1), expected) <
                        1e-4 * (1 + expected.abs().max().item<double>()));
                const auto step = alone[i]->measure(one).front();
                QVERIFY(measured[i].applies == step.applies && near(measured[i].zeroScale, step.zeroScale));
                QVERIFY(sameSizes(measured[i].text, step.text) && sameSizes(measured[i].dino, step.dino));
            }
        }
        QVERIFY2(together.evaluations() < apart.evaluations(), "each branch is evaluated once for all");
        QVERIFY(together.evaluations() <= 3 * 3); // of times and branches
    }

    void aWeakGuideHasTheConditionsOfItsModel()
    {
        CheckpointState ours;
        ours.encoders["t5"]["fingerprint"] = "a";
        std::vector<CheckpointState> others(3, ours);
        checkWeakGuide("weak", others[0], ours);
        others[0].textTokens = 77; // of which a null text stands for as many
        others[1].encoders["t5"]["fingerprint"] = "b";
        others[2].config.model.dinoDim += 1;
        for (const auto& theirs : others)
            QVERIFY(errorOf([&] { checkWeakGuide("weak", theirs, ours); }).find("same run") != std::string::npos);
        others[1].encoders["t5"] = {{"fingerprint", "a"}, {"patch_size", 16}}; // as another version says it
        checkWeakGuide("weak", others[1], ours);
        others[1].encoders = nlohmann::json::object(); // not known
        checkWeakGuide("weak", others[1], ours);
    }

    void aWeakGuideIsEvaluatedOnceForABatch()
    {
        const NanoDiT model(tinyModelConfig()), weak(tinyModelConfig());
        randomise(model.parameters());
        randomise(weak.parameters());
        const at::NoGradGuard noGradient;
        for (const auto& parameter : weak.parameters()) // random numbers are the same for both
            at::Tensor(parameter.value).mul_(0.7);
        const auto conditions = test::conditionsOf(randomBatch(model.config(), 1));
        BranchEvaluator ours(model, conditions, {}, latentTokens, Compute{});
        BranchEvaluator weakForAll(weak, conditions, {}, latentTokens, Compute{});
        BranchEvaluator weakForOne(weak, conditions, {}, latentTokens, Compute{});
        constexpr GridSize patches = {4, 4};
        std::vector<SampleRequest> requests(3);
        std::vector<std::unique_ptr<Guider>> alone;
        for (std::size_t i = 0; i < requests.size(); ++i) {
            requests[i].textScale = static_cast<double>(i);
            requests[i].weakGuide = WeakGuide{.checkpoint = {}, .scale = 1.5};
            alone.push_back(makeGuiderFor({&requests[i], 1}, patches, {}, &weakForOne));
        }
        const auto together = makeGuiderFor(requests, patches, {}, &weakForAll);
        const auto points = at::randn({3, model.config().latentChannels, 8, 8});
        for (const float t : {1.0F, 0.5F}) {
            const bool begin = t == 1; // all at one point
            BranchVelocities branches(ours, begin ? points.narrow(0, 0, 1) : points, t);
            const auto guided = together->velocity(branches);
            QCOMPARE(guided.sizes(), points.sizes());
            QCOMPARE(together->measure(branches).size(), requests.size());
            for (std::size_t i = 0; i < alone.size(); ++i) {
                const auto sample = static_cast<std::int64_t>(i);
                BranchVelocities one(ours, points.narrow(0, begin ? 0 : sample, 1), t);
                const auto expected = alone[i]->velocity(one);
                QVERIFY(difference(guided.narrow(0, sample, 1), expected) <
                        1e-4 * (1 + expected.abs().max().item<double>()));
            }
        }
        QCOMPARE(weakForOne.evaluations(), std::int64_t{6});
        QCOMPARE(weakForAll.evaluations(), std::int64_t{2}); // of times
    }

    void cellsComeOnceCoarseToFine()
    {
        for (const auto& [rows, cols] : {std::pair{7, 7}, {1, 5}, {4, 2}, {1, 1}, {9, 3}}) {
            const auto order = coarseToFine(static_cast<std::size_t>(rows), static_cast<std::size_t>(cols));
            QCOMPARE(order.size(), static_cast<std::size_t>(rows * cols));
            for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
                for (std::size_t col = 0; col < static_cast<std::size_t>(cols); ++col)
                    QCOMPARE(std::ranges::count(order, PlaneCell{.row = row, .col = col}), 1);
            }
        }
        // Four of the first cells already span most of a plane of seven by seven.
        const auto order = coarseToFine(7, 7);
        QCOMPARE(order[0], (PlaneCell{.row = 0, .col = 0}));
        QCOMPARE(order[3], (PlaneCell{.row = 4, .col = 4}));
    }

    void planesAreSpelledShortly()
    {
        const auto plane = guidancePlaneFrom("text=0:6:7,dino=1:2:3");
        QCOMPARE(plane.textScales, (std::vector<double>{0, 1, 2, 3, 4, 5, 6}));
        QCOMPARE(plane.dinoScales, (std::vector<double>{1, 1.5, 2}));
        QCOMPARE(guidancePlaneFrom("dino=0:4:2,text=2.5").textScales, (std::vector<double>{2.5}));
        for (const auto* const wrong :
             {"", "text=0:6:7", "text=0:6:7,dino=", "text=0:6:1,dino=1", "text=0:6:7,dino=0:6:7,", "text=a,dino=1",
              "text=0:6:2.5,dino=1", "text=1,text=2", "text=1,dino=1e9", "foo=1,text=2,dino=2",
              "text=1,text=2,text=3,dino=2", "text=a,text=2,dino=2"})
            QVERIFY2(errorOf([&] { guidancePlaneFrom(wrong); }).find("text=FROM:TO:COUNT") != std::string::npos, wrong);
    }

    void theSheetShowsEveryPictureAtItsPlace()
    {
        const GuidancePlane plane{.textScales = {0, 1}, .dinoScales = {0, 1, 2}};
        std::vector<Image> pictures(6);
        for (std::size_t i = 0; i < 5; ++i) // one is not there yet
            pictures[i] = {.size = {16, 8},
                           .rgb = std::vector<std::uint8_t>(16 * 8 * 3, static_cast<std::uint8_t>(40 * (i + 1)))};
        const auto sheet = planeSheet(plane, pictures);
        const auto left = sheet.size.width - 3 * 18, top = sheet.size.height - 2 * 10;
        for (std::int64_t i = 0; i < 5; ++i)
            QCOMPARE(int(*sheet.at(left + (i % 3) * 18 + 8, top + (i / 3) * 10 + 4)), 40 * (int(i) + 1));
        QVERIFY(*sheet.at(left + 2 * 18 + 8, top + 10 + 4) < 40);
    }
};

QTEST_APPLESS_MAIN(TestGuider)
#include "tst_guider.moc"
