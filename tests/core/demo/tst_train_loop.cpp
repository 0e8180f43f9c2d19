#include "core/demo/patch_labels.h"
#include "core/demo/train_encoders.h"
#include "core/demo/train_loop.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

using namespace nanodit;

namespace {

TrainLoopPlan plan(const test::TemporaryFolder& folder)
{
    return {
        .what = "line", .seed = 5, .steps = 60, .lr = 0.2, .warmupSteps = 5, .partial = folder / "partial.safetensors"};
}

Parameters line()
{
    return trainableParameters({{"slope", at::zeros({1})}, {"offset", at::zeros({1})}});
}

/// Fits y = 3 x - 1 on noisy points; a job that is stopped before step `stopAt`.
struct Fit {
    Parameters parameters = line();
    std::vector<double> losses;

    bool run(const TrainLoopPlan& how, std::int64_t stopAt = -1)
    {
        JobContext context;
        const auto lossOf = [&](std::int64_t step, StepRandom& random) {
            if (step + 1 == stopAt)
                context.control->requestStop();
            const auto x = at::full({8}, random.numbers.uniform(-1, 1)) + at::randn({8}, random.noise, at::kFloat);
            const auto loss = (parameters[1].value * x + parameters[0].value - (3 * x - 1)).square().mean();
            losses.push_back(loss.item<double>());
            return loss;
        };
        return runTrainLoop(how, parameters, lossOf, context);
    }
};

} // namespace

class TestTrainLoop : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void learns()
    {
        const test::TemporaryFolder folder;
        Fit fit;
        QVERIFY(fit.run(plan(folder)));
        QCOMPARE(fit.losses.size(), std::size_t{60});
        QVERIFY2(fit.losses.back() < 0.3 * fit.losses.front(),
                 (std::to_string(fit.losses.front()) + " -> " + std::to_string(fit.losses.back()) + " " +
                  std::to_string(fit.parameters[1].value.item<double>()))
                     .c_str());
    }
    void stoppedAndContinuedEqualsUnbroken()
    {
        const test::TemporaryFolder folder, other;
        Fit unbroken, first, second;
        QVERIFY(unbroken.run(plan(folder)));
        QVERIFY(!first.run(plan(other), 23));
        QVERIFY(std::filesystem::exists(other / "partial.safetensors"));
        QVERIFY(second.run(plan(other)));
        QCOMPARE(first.losses.size() + second.losses.size(), unbroken.losses.size());
        for (std::size_t i = 0; i < unbroken.parameters.size(); ++i)
            QVERIFY(at::equal(second.parameters[i].value, unbroken.parameters[i].value));
    }
    void lossThatIsNotFiniteIsAnError()
    {
        const test::TemporaryFolder folder;
        const auto parameters = line();
        const auto lossOf = [&](std::int64_t, StepRandom&) { return parameters[0].value.sum() / 0.0 * 0.0; };
        const auto message = test::errorOf([&] { runTrainLoop(plan(folder), parameters, lossOf, {}); });
        QVERIFY2(message.find("line") != std::string::npos, message.c_str());
    }
    void foreignPartialIsRefused()
    {
        const test::TemporaryFolder folder;
        writeTensors(folder / "partial.safetensors", {{"x", at::zeros({1})}});
        Fit fit;
        const auto message = test::errorOf([&] { fit.run(plan(folder)); });
        QVERIFY2(message.find("partial.safetensors") != std::string::npos, message.c_str());
    }

    void classMapAgreesWithTheTruth()
    {
        const auto scene = makeScene(1, 3);
        const auto map = classMap(scene);
        QCOMPARE(map.sizes(), at::IntArrayRef({scene.bucket.height, scene.bucket.width}));
        for (const auto& thing : scene.things) {
            if (thing.shape == ThingShape::Ring)
                continue;
            const auto [x, y] = centreInBucket(thing, scene.picture, scene.bucket);
            const auto row = static_cast<std::int64_t>(y * static_cast<double>(scene.bucket.height));
            const auto col = static_cast<std::int64_t>(x * static_cast<double>(scene.bucket.width));
            QCOMPARE(map[row][col].item<std::int64_t>(), classOf(thing));
        }
    }
    void sharesSumToOneAndSplitIntoColoursAndShapes()
    {
        const auto map = classMap(makeScene(1, 3)).unsqueeze(0);
        const auto shares = classShares(map, 16);
        QCOMPARE(shares.size(1), map.size(1) / 16);
        QVERIFY(at::allclose(shares.sum(-1), at::ones({1})));
        QVERIFY(at::allclose(colourShares(shares).sum(-1), at::ones({1})));
        QVERIFY(at::allclose(shapeShares(shares).sum(-1), at::ones({1})));
        // One pixel of a (colour, shape) lands in that colour and that shape.
        auto one = at::zeros({sceneClasses});
        one[classOf({.colour = ThingColour::Blue, .shape = ThingShape::Ring})] = 1;
        QCOMPARE(colourShares(one).argmax().item<std::int64_t>(), static_cast<std::int64_t>(ThingColour::Blue));
        QCOMPARE(shapeShares(one).argmax().item<std::int64_t>(), static_cast<std::int64_t>(ThingShape::Ring));
    }
};

QTEST_APPLESS_MAIN(TestTrainLoop)
#include "tst_train_loop.moc"
