#include "core/runtime/error.h"
#include "core/validate/patch_metrics.h"

#include <ATen/ATen.h>
#include <QTest>

#include <cmath>

using namespace nanodit;

class TestPatchMetrics : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void initTestCase() { at::manual_seed(3); }

    void equalPatchesHaveNoDistanceOppositeOnesTwo()
    {
        const auto patches = at::randn({12, 8});
        QVERIFY(std::abs(patchCosineDistance(patches, 3 * patches)) < 1e-6);
        QVERIFY(std::abs(patchCosineDistance(patches, -patches) - 2) < 1e-6);
    }

    void aShiftedPictureIsFoundAtItsShift()
    {
        const GridSize grid{5, 6};
        const auto patches = at::randn({5, 6, 16});
        const auto same = patchCorrespondence(patches.reshape({30, 16}), patches.reshape({30, 16}), grid);
        QCOMPARE(same.matched, 1.0);
        QCOMPARE(same.displacement, 0.0);
        // Two columns to the right; those that fall off come in at the left, four columns away.
        const auto shifted =
            patchCorrespondence(patches.reshape({30, 16}), patches.roll({2}, {1}).reshape({30, 16}), grid);
        QCOMPARE(shifted.matched, 1.0);
        QVERIFY(std::abs(shifted.displacement - (4 * 2 + 2 * 4) / 6.0) < 1e-9);
    }

    void strangersMatchSeldom()
    {
        const auto strangers = patchCorrespondence(at::randn({100, 32}), at::randn({100, 32}), {10, 10});
        QVERIFY(strangers.matched < 0.7);
    }

    /// Diagonal Gaussians have a closed form: the distance of the means plus that of the deviations, squared.
    void frechetDistanceOfSamplesWithKnownMoments()
    {
        const auto standardised = [](at::Tensor x) {
            x = x - x.mean(0, true);
            const auto [values, vectors] = at::linalg_eigh(at::mm(x.t(), x) / double(x.size(0) - 1));
            return at::mm(x, vectors / values.sqrt());
        };
        const auto x = standardised(at::randn({400, 3}, at::kDouble)) * at::tensor({1.0, 2.0, 3.0});
        const auto y = standardised(at::randn({300, 3}, at::kDouble)) * at::tensor({2.0, 2.0, 1.0}) + 0.5;
        const double expected = 3 * 0.25 + 1 + 0 + 4;
        QVERIFY2(std::abs(frechetDistance(x, y) - expected) < 1e-8, std::to_string(frechetDistance(x, y)).c_str());
        QVERIFY(std::abs(frechetDistance(x, x)) < 1e-8);
    }

    void refusesShapesThatDoNotFit()
    {
        QVERIFY_EXCEPTION_THROWN(patchCosineDistance(at::randn({3, 4}), at::randn({4, 4})), UsageError);
        QVERIFY_EXCEPTION_THROWN(patchCorrespondence(at::randn({12, 4}), at::randn({12, 4}), {5, 2}), UsageError);
        QVERIFY_EXCEPTION_THROWN(frechetDistance(at::randn({1, 4}), at::randn({9, 4})), UsageError);
    }
};

QTEST_APPLESS_MAIN(TestPatchMetrics)
#include "tst_patch_metrics.moc"
