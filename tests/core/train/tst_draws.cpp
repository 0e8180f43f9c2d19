#include "core/train/draws.h"
#include "core/train/patch_dropout.h"
#include "core/train/train_check.h"
#include "core/train/trainer.h"
#include "tests/support/tiny_model.h"

#include <ATen/ATen.h>
#include <QtTest/QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <string>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr std::int64_t textTokens = 8;

std::vector<std::int64_t> patchesOf(const std::vector<bool>& leftOut)
{
    std::vector<std::int64_t> patches;
    for (std::size_t i = 0; i < leftOut.size(); ++i) {
        if (leftOut[i])
            patches.push_back(static_cast<std::int64_t>(i));
    }
    return patches;
}

bool isRectangle(const std::vector<bool>& leftOut, GridSize grid)
{
    std::int64_t top = grid.rows, left = grid.cols, bottom = -1, right = -1;
    const auto patches = patchesOf(leftOut);
    for (const auto patch : patches) {
        top = std::min(top, patch / grid.cols);
        bottom = std::max(bottom, patch / grid.cols);
        left = std::min(left, patch % grid.cols);
        right = std::max(right, patch % grid.cols);
    }
    return static_cast<std::int64_t>(patches.size()) == (bottom - top + 1) * (right - left + 1);
}

/// Along sides.
bool isConnected(const std::vector<bool>& leftOut, GridSize grid)
{
    auto waiting = patchesOf(leftOut);
    std::vector<std::int64_t> reached = {waiting.back()};
    waiting.pop_back();
    for (std::size_t i = 0; i < reached.size(); ++i) {
        std::erase_if(waiting, [&](std::int64_t patch) {
            const auto rows = std::abs(patch / grid.cols - reached[i] / grid.cols);
            const auto cols = std::abs(patch % grid.cols - reached[i] % grid.cols);
            if (rows + cols != 1)
                return false;
            reached.push_back(patch);
            return true;
        });
    }
    return waiting.empty();
}

TrainConfig configWith(double patchDropout)
{
    TrainConfig config;
    config.model = tinyModelConfig();
    config.conditions.patchDropout = patchDropout;
    config.optimiser.lr = 3e-3;
    config.schedule = {.steps = 100, .warmupSteps = 0, .decay = Decay::Constant};
    config.seed = 5;
    return config;
}

/// Four standard deviations of a share p of n.
bool near(double found, double p, double n)
{
    return std::abs(found - p) <= 4 * std::sqrt(p * (1 - p) / n);
}

} // namespace

/// What chance decides about a micro-batch: drops of conditions and of single patches, noise and flow times.
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
        const DrawKey key{.seed = 1, .step = 2, .microBatch = 3};
        QVERIFY(at::equal(draw(key).noise, draw(key).noise));
        QVERIFY(at::equal(draw(key).t, draw(key).t));
        for (const auto& other : {DrawKey{2, 2, 3}, DrawKey{1, 3, 3}, DrawKey{1, 2, 4}, DrawKey{2, 1, 3}})
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

    void holesHaveTheirShapes_data()
    {
        QTest::addColumn<int>("rows");
        QTest::addColumn<int>("cols");
        QTest::newRow("8 x 8") << 8 << 8;
        QTest::newRow("7 x 10") << 7 << 10;
        QTest::newRow("a row") << 1 << 5;
        QTest::newRow("two patches") << 2 << 1;
    }

    void holesHaveTheirShapes()
    {
        QFETCH(int, rows);
        QFETCH(int, cols);
        const GridSize grid{.rows = rows, .cols = cols};
        auto generator = generatorFor({.seed = 11});
        constexpr int n = 8000;
        std::map<HoleShape, int> shapes;
        std::map<HoleShape, std::map<std::size_t, int>> sizes;
        std::vector<double> leftOutAt(static_cast<std::size_t>(grid.count()));
        for (int i = 0; i < n; ++i) {
            const auto hole = drawPatchHole(grid, generator);
            QCOMPARE(hole.leftOut.size(), static_cast<std::size_t>(grid.count()));
            const auto patches = patchesOf(hole.leftOut);
            QVERIFY(!patches.empty() && patches.size() < hole.leftOut.size());
            auto others = hole.leftOut;
            others.flip();
            if (hole.shape == HoleShape::Rectangle)
                QVERIFY(isRectangle(hole.leftOut, grid));
            if (hole.shape == HoleShape::Surroundings)
                QVERIFY(isRectangle(others, grid));
            if (hole.shape == HoleShape::Blob)
                QVERIFY(isConnected(hole.leftOut, grid));
            ++shapes[hole.shape];
            ++sizes[hole.shape][patches.size()];
            for (const auto patch : patches)
                leftOutAt[static_cast<std::size_t>(patch)] += 1.0 / n;
        }
        for (const auto shape : {HoleShape::Rectangle, HoleShape::Surroundings, HoleShape::Blob, HoleShape::Scattered})
            QVERIFY2(near(shapes[shape] / double(n), 0.25, n), std::to_string(shapes[shape]).c_str());
        // Every size of blobs and scattered patches occurs, and every patch is left out about as often as its mirror.
        for (const auto shape : {HoleShape::Blob, HoleShape::Scattered})
            QCOMPARE(sizes[shape].size(), static_cast<std::size_t>(grid.count() - 1));
        for (std::size_t i = 0; i < leftOutAt.size(); ++i)
            QVERIFY(std::abs(leftOutAt[i] - leftOutAt[leftOutAt.size() - 1 - i]) < 6 * std::sqrt(0.5 / n));
    }

    void blobsAndScatteredPatchesAreNotAlwaysRectangles()
    {
        auto generator = generatorFor({.seed = 2});
        int blobs = 0, apart = 0;
        for (int i = 0; i < 400; ++i) {
            const auto hole = drawPatchHole({.rows = 8, .cols = 8}, generator);
            blobs += hole.shape == HoleShape::Blob && !isRectangle(hole.leftOut, {.rows = 8, .cols = 8});
            apart += hole.shape == HoleShape::Scattered && !isConnected(hole.leftOut, {.rows = 8, .cols = 8});
        }
        QVERIFY2(blobs > 50 && apart > 40, (std::to_string(blobs) + ", " + std::to_string(apart)).c_str());
    }

    void holesAreDrawnInTheirShareAndNotWhereDinoIsNull()
    {
        auto generator = generatorFor({.seed = 4});
        constexpr int n = 6000;
        std::vector<bool> nullDino(n);
        for (std::size_t i = 0; i < n; i += 3)
            nullDino[i] = true;
        const auto mask = drawPatchMask(0.35, nullDino, {.rows = 4, .cols = 4}, generator);
        const auto whole = mask.all(1), some = mask.any(1);
        QVERIFY(some.all().item<bool>()); // never all of them
        double holes = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            if (nullDino[static_cast<std::size_t>(i)])
                QVERIFY(whole[i].item<bool>());
            else
                holes += !whole[i].item<bool>();
        }
        QVERIFY2(near(holes / 4000, 0.35, 4000), std::to_string(holes).c_str());
        QVERIFY(!drawPatchMask(1, std::vector<bool>(2, true), {.rows = 4, .cols = 4}, generator).defined());
        QVERIFY(!drawPatchMask(1, {false, false}, {.rows = 4, .cols = 4}, generator).all(1).any().item<bool>());
    }

    void aSamplesHoleDoesNotDependOnTheDropsOfOthers()
    {
        auto first = generatorFor({.seed = 6}), second = generatorFor({.seed = 6});
        const GridSize grid{.rows = 4, .cols = 4};
        const auto plain = drawPatchMask(0.5, std::vector<bool>(12, false), grid, first);
        std::vector<bool> nullDino(12, false);
        nullDino[3] = nullDino[7] = true;
        const auto mask = drawPatchMask(0.5, nullDino, grid, second);
        for (std::int64_t i = 0; i < 12; ++i)
            QVERIFY(at::equal(mask[i], nullDino[static_cast<std::size_t>(i)] ? at::ones({16}, at::kBool) : plain[i]));
    }

    void masksAreAFunctionOfTheKey()
    {
        ConditionConfig conditions;
        conditions.patchDropout = 0.5;
        const auto draw = [&](DrawKey key) {
            return drawMicroBatch(key, conditions, {}, {16, 4, 8, 8}, {.rows = 4, .cols = 4}).patchMask;
        };
        const DrawKey key{.seed = 1, .step = 2, .microBatch = 3};
        QVERIFY(at::equal(draw(key), draw(key)));
        for (const auto& other : {DrawKey{2, 2, 3}, DrawKey{1, 3, 3}, DrawKey{1, 2, 4}})
            QVERIFY(!at::equal(draw(key), draw(other)));
    }

    /// LibTorch's generator takes 32 bits of what all 64 bits of a seed are mixed into.
    void bothHalvesOfASeedCount()
    {
        const auto draw = [](std::int64_t seed) { return drawMicroBatch({.seed = seed}, {}, {}, {2, 4, 8, 8}); };
        const auto of5 = draw(5);
        for (const auto upper : {std::int64_t{1} << 32, std::int64_t{1} << 62})
            QVERIFY(!at::equal(draw(5 + upper).noise, of5.noise));
    }

    void otherDrawsAreWhatTheyWereWithoutIt()
    {
        const DrawKey key{.seed = 1, .step = 2, .microBatch = 3};
        // What a training from before there were streams drew from.
        QCOMPARE(generatorFor(key).current_seed(), std::uint64_t{1321962074176129191U});
        QVERIFY(generatorFor(key, DrawStream::Patches).current_seed() != generatorFor(key).current_seed());
        ConditionConfig conditions;
        const auto without = drawMicroBatch(key, conditions, {}, {16, 4, 8, 8}, {.rows = 4, .cols = 4});
        QVERIFY(!without.patchMask.defined());
        conditions.patchDropout = 0.5;
        const auto with = drawMicroBatch(key, conditions, {}, {16, 4, 8, 8}, {.rows = 4, .cols = 4});
        QVERIFY(with.patchMask.defined());
        QVERIFY(with.drops == without.drops && at::equal(with.t, without.t) && at::equal(with.noise, without.noise));
        // A model without patches, and a picture of one patch, have nothing to leave out.
        QVERIFY(!drawMicroBatch(key, conditions, {}, {16, 4, 8, 8}).patchMask.defined());
        QVERIFY(!drawMicroBatch(key, conditions, {}, {16, 4, 8, 8}, {.rows = 1, .cols = 1}).patchMask.defined());
    }

    void patchesThatAreLeftOutDoNotCount()
    {
        const auto config = configWith(1);
        const auto batch = randomBatch(config.model, 6);
        auto changed = batch;
        const auto draws = drawMicroBatch({.seed = config.seed}, config.conditions, config.flow, batch.latent.sizes(),
                                          batch.patchGrid);
        QVERIFY(draws.patchMask.logical_not().any().item<bool>());
        const auto leftOut = draws.patchMask.logical_not().unsqueeze(2);
        changed.patches = at::where(leftOut, batch.patches + 3, batch.patches);
        const auto lossOf = [&](const TrainConfig& settings, const Batch& given) {
            Trainer trainer(settings, textTokens);
            randomise(trainer.model().parameters());
            return trainer.step([&given] { return given; })->loss;
        };
        QCOMPARE(lossOf(config, changed), lossOf(config, batch));
        QVERIFY(lossOf(configWith(0), changed) != lossOf(configWith(0), batch));
        QVERIFY(lossOf(configWith(0), batch) != lossOf(config, batch));
    }

    void aLongCheckedRunListsNoEndOfSamples()
    {
        auto config = configWith(0);
        config.conditions = {.dropBoth = 0, .dropDino = 1, .dropText = 0};
        Trainer trainer(config, textTokens);
        TrainCheck check(config, textTokens, false, std::nullopt);
        auto batch = randomBatch(config.model, 12);
        int number = 0;
        for (int i = 0; i < 90; ++i) {
            for (auto& id : batch.ids)
                id = std::to_string(number++);
            const auto metrics = trainer.step([&batch] { return batch; }, {},
                                              [&check](const MicroBatchTrace& trace) { check.observe(trace); });
            check.observe(*metrics, trainer.model().parameters());
        }
        QVERIFY(check.nullPatchText().ends_with(" and 80 more"));
        for (const auto& line : check.lines()) {
            if (line.what == "null patches")
                QVERIFY2(line.passed && line.found == "1080 times, 1080 samples", line.found.c_str());
            if (line.what.starts_with("steps with a non-finite"))
                QVERIFY2(line.passed && line.found == "0 of 90", line.found.c_str());
        }
    }

    void aCheckedRunCountsThem()
    {
        for (const double share : {0.0, 0.5}) {
            const auto config = configWith(share);
            Trainer trainer(config, textTokens);
            TrainCheck check(config, textTokens, false, std::nullopt);
            const auto batch = randomBatch(config.model, 12);
            for (int i = 0; i < 10; ++i) {
                const auto metrics = trainer.step([&batch] { return batch; }, {},
                                                  [&check](const MicroBatchTrace& trace) { check.observe(trace); });
                check.observe(*metrics, trainer.model().parameters());
            }
            std::optional<CheckLine> found;
            for (const auto& line : check.lines()) {
                if (line.what == "samples with a part of their patches left out")
                    found = line;
                if (line.what == "null patches" || line.what.starts_with("context tokens"))
                    QVERIFY2(line.passed, line.found.c_str());
            }
            QCOMPARE(found.has_value(), share > 0);
            if (found)
                QVERIFY2(found->passed && found->found != "0.0 %", found->found.c_str());
        }
    }
};

QTEST_APPLESS_MAIN(TestDraws)
#include "tst_draws.moc"
