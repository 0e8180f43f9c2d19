#include "core/train/draws.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <array>
#include <cmath>
#include <string>

using namespace nanodit;

/// What chance decides about a micro-batch: drops, noise and flow times.
class TestDraws : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void dropsConditionsInTheirShares()
    {
        const ConditionConfig shares;
        auto generator = generatorFor({.seed = 3});
        std::array<double, 4> counts{};
        constexpr int n = 20000;
        for (const auto drop : drawDrops(shares, n, generator))
            counts[static_cast<std::size_t>(drop)] += 1.0 / n;
        const std::array<double, 4> expected = {0.55, 0.05, 0.30, 0.10};
        for (std::size_t i = 0; i < 4; ++i)
            QVERIFY2(std::abs(counts[i] - expected[i]) < 4 * std::sqrt(expected[i] * (1 - expected[i]) / n),
                     std::to_string(counts[i]).c_str());
    }

    void drawsAreAFunctionOfTheKey()
    {
        const auto draw = [](DrawKey key) { return drawMicroBatch(key, {}, {}, {4, 2, 4, 4}); };
        const DrawKey key{.seed = 1, .step = 2, .microBatch = 3, .rank = 4};
        QVERIFY(at::equal(draw(key).noise, draw(key).noise));
        QVERIFY(at::equal(draw(key).t, draw(key).t));
        for (const auto& other :
             {DrawKey{2, 2, 3, 4}, DrawKey{1, 3, 3, 4}, DrawKey{1, 2, 4, 4}, DrawKey{1, 2, 3, 5}, DrawKey{2, 1, 3, 4}})
            QVERIFY(!at::equal(draw(key).noise, draw(other).noise));
    }

    void timesFollowTheConfiguredDistribution()
    {
        auto generator = generatorFor({.seed = 9});
        const auto uniform = drawTimes({.timestepSampling = TimestepSampling::Uniform}, 20000, generator);
        QVERIFY(std::abs(uniform.mean().item<double>() - 0.5) < 0.01);
        QVERIFY(std::abs((uniform < 0.25).to(at::kDouble).mean().item<double>() - 0.25) < 0.013);
        const auto normal = drawTimes({.logitMean = 0.5, .logitStd = 0.8}, 20000, generator);
        const auto logits = at::logit(normal.to(at::kDouble));
        QVERIFY(std::abs(logits.mean().item<double>() - 0.5) < 0.03 &&
                std::abs(logits.std().item<double>() - 0.8) < 0.03);
        const auto shifted = drawTimes({.timestepSampling = TimestepSampling::Uniform, .shift = 3}, 20000, generator);
        QVERIFY(std::abs(shifted.median().item<double>() - 0.75) < 0.01);
    }

    void theShiftGrowsWithTheLatent()
    {
        FlowConfig flow{.shift = 2};
        QCOMPARE(shiftFor(flow, {3, 16, 64, 64}), 2.0);
        flow.shiftByBucket = true;
        QCOMPARE(shiftFor(flow, {3, 16, 16, 16}), 2.0);
        QCOMPARE(shiftFor(flow, {16, 64, 64}), 8.0);
        const auto small = drawMicroBatch({.seed = 1}, {}, flow, {64, 16, 16, 16}).t;
        const auto large = drawMicroBatch({.seed = 1}, {}, flow, {64, 16, 64, 64}).t;
        QVERIFY((large > small).all().item<bool>());
    }
};

QTEST_APPLESS_MAIN(TestDraws)
#include "tst_draws.moc"
