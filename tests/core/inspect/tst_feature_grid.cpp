#include "core/inspect/feature_grid.h"
#include "tests/support/test_data.h"

#include <QElapsedTimer>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <random>

using namespace nanodit;

namespace {

FeatureGrid gridOf(GridSize size, std::vector<std::vector<float>> rows)
{
    FeatureGrid features{.grid = size, .width = static_cast<std::int64_t>(rows[0].size()), .values = {}, .cls = {}};
    for (const auto& row : rows)
        features.values.insert(features.values.end(), row.begin(), row.end());
    return features;
}

FeatureGrid randomGrid(GridSize size, std::int64_t width, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    FeatureGrid features{.grid = size, .width = width, .values = {}, .cls = {}};
    features.values.resize(static_cast<std::size_t>(size.count() * width));
    for (auto& value : features.values)
        value = normal(random);
    return features;
}

} // namespace

class FeatureGridTest : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void cosinesAreThoseOfTheAnglesWhateverTheLengths()
    {
        const auto features = gridOf({.rows = 2, .cols = 2}, {{3, 0}, {0, 0.5F}, {-2, 0}, {1, 1}});
        const UnitFeatures unit(features);
        const auto cosines = unit.cosines(unit.direction({.row = 0, .col = 0}));
        const std::vector<float> expected = {1, 0, -1, std::sqrt(0.5F)};
        for (std::size_t i = 0; i < expected.size(); ++i)
            QVERIFY2(std::abs(cosines.values[i] - expected[i]) < 1e-6F, qPrintable(QString::number(i)));
        QCOMPARE(cosines.at({.row = 1, .col = 0}), -1.F);
    }

    void aPatchWithoutFeaturesIsLikeNothing()
    {
        const auto features = gridOf({.rows = 1, .cols = 2}, {{0, 0}, {1, 2}});
        const UnitFeatures unit(features);
        const auto cosines = unit.cosines(unit.direction({.row = 0, .col = 0}));
        QCOMPARE(cosines.values, (std::vector<float>{0, 0}));
    }

    void agreesWithThePlainFormulaOnRandomFeatures()
    {
        const auto features = randomGrid({.rows = 5, .cols = 7}, 33, 1);
        const UnitFeatures unit(features);
        const auto cosines = unit.cosines(unit.direction({.row = 2, .col = 3}));
        const auto a = features.patch(2 * 7 + 3);
        for (std::int64_t i = 0; i < 35; ++i) {
            const auto b = features.patch(i);
            double product = 0, aa = 0, bb = 0;
            for (std::size_t k = 0; k < a.size(); ++k) {
                product += static_cast<double>(a[k]) * b[k];
                aa += static_cast<double>(a[k]) * a[k];
                bb += static_cast<double>(b[k]) * b[k];
            }
            const double expected = product / std::sqrt(aa * bb);
            QVERIFY(std::abs(cosines.values[static_cast<std::size_t>(i)] - expected) < 1e-5);
        }
    }

    void comparesWithClsAndSaysWhenItIsMissing()
    {
        auto features = gridOf({.rows = 1, .cols = 2}, {{2, 0}, {1, 1}});
        QVERIFY(test::errorOf([&] { cosineToCls(features); }).find("CLS") != std::string::npos);
        features.cls = {0, 7};
        const auto cosines = cosineToCls(features);
        QCOMPARE(cosines.values[0], 0.F);
        QVERIFY(std::abs(cosines.values[1] - std::sqrt(0.5F)) < 1e-6F);
    }

    void featuresOfAnotherEncoderAreRefused()
    {
        const UnitFeatures unit(randomGrid({.rows = 2, .cols = 2}, 8, 1));
        const std::vector<float> other(9, 1.F);
        QVERIFY(test::errorOf([&] { unit.cosines(other); }).find("different encoders") != std::string::npos);
    }

    void onlyTokensFarAboveTheRestAreOutliers()
    {
        auto features = randomGrid({.rows = 16, .cols = 16}, 64, 3);
        for (auto& value : features.patch(37))
            value *= 12;
        const auto norms = patchNorms(features);
        QVERIFY(std::abs(norms.values[0] - 8) < 3); // sqrt(64)
        const auto found = outliers(norms);
        QCOMPARE(std::count(found.begin(), found.end(), true), 1);
        QVERIFY(found[37]);
        const ScalarGrid flat{.grid = {.rows = 1, .cols = 4}, .values = {2, 2, 2, 2}};
        const auto none = outliers(flat);
        QCOMPARE(std::count(none.begin(), none.end(), true), 0);
    }

    void findsEachPatchAgainInAShiftedPicture()
    {
        const auto first = randomGrid({.rows = 6, .cols = 8}, 24, 5);
        auto second = first; // one column to the right, the first column from elsewhere
        const auto strange = randomGrid({.rows = 6, .cols = 8}, 24, 6);
        for (std::int64_t row = 0; row < 6; ++row) {
            for (std::int64_t col = 0; col < 8; ++col) {
                const auto source = col == 0 ? strange.patch(row * 8) : first.patch(row * 8 + col - 1);
                std::copy(source.begin(), source.end(), second.patch(row * 8 + col).begin());
            }
        }
        const UnitFeatures from(first), into(second);
        for (std::int64_t row = 0; row < 6; ++row) {
            for (std::int64_t col = 0; col < 8; ++col) {
                const auto cosines = into.cosines(from.direction({.row = row, .col = col}));
                const auto nearest = cellOfLargest(cosines);
                if (col == 7) {
                    QVERIFY(cosines.at(nearest) < 0.95F); // it has left the picture
                    continue;
                }
                QVERIFY((nearest == GridCell{.row = row, .col = col + 1}));
                QVERIFY(cosines.at(nearest) > 0.999F);
            }
        }
    }

    void oneComparisonOverALargePictureIsFasterThanAFrame()
    {
        const auto features = randomGrid({.rows = 64, .cols = 64}, 1024, 7);
        const UnitFeatures unit(features);
        const auto direction = unit.direction({.row = 31, .col = 31});
        double best = 1e9;
        for (int i = 0; i < 5; ++i) { // other programs can spoil one
            QElapsedTimer timer;
            timer.start();
            const auto cosines = unit.cosines(direction);
            best = std::min(best, static_cast<double>(timer.nsecsElapsed()) / 1e6);
            QVERIFY(cosines.values[31 * 64 + 31] > 0.999F);
        }
        qInfo("64 x 64 patches of 1024 values: %.1f ms", best);
        QVERIFY2(best < 330, qPrintable(QString::number(best))); // a tenth of that, unless the machine is busy
    }
};

QTEST_APPLESS_MAIN(FeatureGridTest)
#include "tst_feature_grid.moc"
