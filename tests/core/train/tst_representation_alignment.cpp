#include "core/model/nanodit.h"
#include "core/train/representation_alignment.h"
#include "tests/support/tiny_model.h"

#include <QtTest/QTest>

#include <cmath>

using namespace nanodit;
using namespace nanodit::test;

namespace {

constexpr GridSize grid = {4, 4};

/// As wide as its teacher, so that a projector may hand tokens on.
TrainConfig configOf(std::int64_t block = 0)
{
    TrainConfig config;
    config.model = tinyModelConfig();
    config.model.dinoDim = config.model.hiddenSize;
    config.repa = {.weight = 0.5, .block = block};
    config.seed = 5;
    return config;
}

/// The middle of the kernel hands every channel on, by this factor; the eight around it are zero.
void handOn(const RepresentationAlignment& alignment, double factor)
{
    const at::NoGradGuard noGradient;
    auto weight = alignment.parameters()[0].value;
    weight.zero_();
    weight.select(3, 1).select(2, 1).copy_(at::eye(weight.size(0)) * factor);
}

double largest(const at::Tensor& x)
{
    return x.abs().max().item<double>();
}

} // namespace

class TestRepresentationAlignment : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void whatAPictureShowsAsAWholeIsTakenOut()
    {
        at::manual_seed(1);
        const auto patches = at::randn({2, 16, 7}) * 3 + 5;
        const auto normalised = spatiallyNormalised(patches);
        QVERIFY(largest(normalised.mean(1)) < 1e-5);
        QVERIFY(largest(normalised.square().mean(1) - 1) < 1e-4);
        // So it does not matter whether the data set's own mean and deviation were taken out before.
        const auto scaled = patches * at::rand({1, 1, 7}).add(0.5) + at::randn({1, 1, 7});
        QVERIFY(largest(spatiallyNormalised(scaled) - normalised) < 1e-3);
    }

    void theLossIsOneMinusTheCosine()
    {
        at::manual_seed(2);
        const RepresentationAlignment alignment(configOf(), at::kCPU);
        const auto patches = at::randn({3, 16, 32}) + 2;
        const auto teacher = spatiallyNormalised(patches);
        handOn(alignment, 2);
        const auto same = alignment.loss(teacher, grid, patches, grid);
        QCOMPARE(same.sizes().vec(), std::vector<std::int64_t>{3});
        QVERIFY2(largest(same) < 1e-5, std::to_string(largest(same)).c_str());
        handOn(alignment, -1);
        QVERIFY(largest(alignment.loss(teacher, grid, patches, grid) - 2) < 1e-5);
        // Of any other tokens, the plain formula.
        handOn(alignment, 1);
        const auto tokens = at::randn({3, 16, 32});
        const auto cosines = at::cosine_similarity(tokens, teacher, 2);
        QVERIFY(largest(alignment.loss(tokens, grid, patches, grid) - (1 - cosines.mean(1))) < 1e-5);
        // Patches in a masked-out part have no say.
        auto mask = at::zeros({3, 1, 8, 8});
        mask.narrow(2, 0, 4).fill_(1);
        const auto upper = alignment.loss(tokens, grid, patches, grid, mask);
        QVERIFY(largest(upper - (1 - cosines.narrow(1, 0, 8).mean(1))) < 1e-5);
    }

    void theProjectorSeesNeighbours()
    {
        at::manual_seed(3);
        const RepresentationAlignment alignment(configOf(), at::kCPU);
        const auto patches = at::randn({1, 16, 32});
        auto tokens = at::randn({1, 16, 32}).set_requires_grad(true);
        // The loss of the first row alone, which the last two cannot reach.
        auto mask = at::zeros({1, 1, 4, 4});
        mask.narrow(2, 0, 1).fill_(1);
        alignment.loss(tokens, grid, patches, grid, mask).sum().backward();
        const auto reached = tokens.grad().abs().amax({0, 2}).view({4, 4}).amax(1);
        QVERIFY(reached[0].item<double>() > 0 && reached[1].item<double>() > 0);
        QCOMPARE(reached[2].item<double>(), 0.0);
        QCOMPARE(reached[3].item<double>(), 0.0);
    }

    void aGridOfOtherPatchesIsMet()
    {
        at::manual_seed(4);
        const RepresentationAlignment alignment(configOf(), at::kCPU);
        handOn(alignment, 1);
        // 8 x 4 latent tokens, two for each of 4 x 4 patches: the mean of both is what lies at a patch's centre.
        const auto patches = at::randn({1, 16, 32});
        const auto teacher = spatiallyNormalised(patches).view({1, 4, 1, 4, 32});
        const auto shift = at::randn({1, 4, 1, 4, 32});
        const auto tokens = at::cat({teacher + shift, teacher - shift}, 2).reshape({1, 32, 32});
        const auto loss = alignment.loss(tokens, {8, 4}, patches, grid);
        QVERIFY2(largest(loss) < 1e-4, std::to_string(largest(loss)).c_str());
    }

    void theGradientIsThatOfTheLoss()
    {
        at::manual_seed(5);
        const RepresentationAlignment alignment(configOf(), at::kCPU);
        const auto patches = at::randn({2, 16, 32});
        auto tokens = at::randn({2, 16, 32}).set_requires_grad(true);
        zeroGradients(alignment.parameters());
        alignment.loss(tokens, grid, patches, grid).sum().backward();
        const at::NoGradGuard noGradient;
        const auto lossAt = [&](const at::Tensor& at) {
            return alignment.loss(at, grid, patches, grid).sum().item<double>();
        };
        for (int i = 0; i < 3; ++i) {
            const auto direction = at::randn({2, 16, 32});
            const double slope = (tokens.grad() * direction).sum().item<double>();
            const double measured = (lossAt(tokens + 5e-3 * direction) - lossAt(tokens - 5e-3 * direction)) / 1e-2;
            QVERIFY2(std::abs(measured - slope) < 0.02 * std::abs(slope) + 2e-3,
                     (std::to_string(measured) + " and " + std::to_string(slope)).c_str());
        }
        for (const auto& [name, value] : alignment.parameters()) {
            const auto direction = at::randn(value.sizes());
            const double slope = (value.grad() * direction).sum().item<double>();
            at::Tensor(value).add_(direction, 2e-3);
            const double above = lossAt(tokens);
            at::Tensor(value).sub_(direction, 4e-3);
            const double measured = (above - lossAt(tokens)) / 4e-3;
            at::Tensor(value).add_(direction, 2e-3);
            QVERIFY2(std::abs(measured - slope) < 0.03 * std::abs(slope) + 5e-3, name.c_str());
        }
    }

    void theBlockIsTheOneAskedFor_data()
    {
        QTest::addColumn<int>("depth");
        QTest::addColumn<int>("asked");
        QTest::addColumn<int>("block");
        QTest::newRow("a third of 28 blocks") << 28 << 0 << 9;
        QTest::newRow("a third of 12 blocks") << 12 << 0 << 3;
        QTest::newRow("one block") << 1 << 0 << 0;
        QTest::newRow("the eighth") << 28 << 8 << 7;
    }
    void theBlockIsTheOneAskedFor()
    {
        QFETCH(int, depth);
        QFETCH(int, asked);
        QFETCH(int, block);
        auto config = configOf(asked);
        config.model.depth = depth;
        QCOMPARE(RepresentationAlignment(config, at::kCPU).block(), block);
    }

    void itsGradientEndsAtItsBlock()
    {
        auto config = configOf(1);
        const NanoDiT model(config.model);
        randomise(model.parameters());
        const RepresentationAlignment alignment(config, at::kCPU);
        const auto batch = randomBatch(config.model, 2);
        Intermediate inside{.block = alignment.block()};
        model.velocity(batch.latent, at::full({2}, 0.4), model.context(test::conditionsOf(batch), {}, grid),
                       {.intermediate = &inside});
        zeroGradients(model.parameters());
        alignment.loss(inside.tokens, grid, batch.patches, batch.patchGrid).mean().backward();
        for (const auto& [name, value] : model.parameters()) {
            const bool behind = name.starts_with("blocks.1.") || name.starts_with("final_layer.");
            if (!name.starts_with("null_"))
                QVERIFY2((largest(value.grad()) > 0) != behind, name.c_str());
        }
    }
};

QTEST_APPLESS_MAIN(TestRepresentationAlignment)
#include "tst_representation_alignment.moc"
