#include "core/inspect/feature_grid.h"
#include "core/inspect/patch_basis.h"
#include "tests/support/test_data.h"

#include <ATen/ATen.h>
#include <QTest>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <random>

using namespace nanodit;

namespace {

constexpr std::int64_t width = 24;

FeatureGrid gridFrom(GridSize size, const at::Tensor& rows)
{
    const auto values = rows.to(at::kFloat).contiguous();
    return {.grid = size,
            .width = rows.size(1),
            .values = {values.data_ptr<float>(), values.data_ptr<float>() + values.numel()},
            .cls = {}};
}

at::Tensor tensorOf(const std::vector<float>& values, std::int64_t rows)
{
    return at::tensor(values).view({rows, -1});
}

/// Orthonormal rows, the same for every test.
at::Tensor axes()
{
    at::manual_seed(3);
    return std::get<0>(at::linalg_qr(at::randn({width, width}, at::kDouble))).t().contiguous();
}

/// A picture whose border and corners are background (far away along axis 5), and whose middle varies along axes 0, 1,
/// 2 with standard deviations 4, 2 and 1.
FeatureGrid sceneWithForeground(std::uint64_t seed, GridSize size = {.rows = 12, .cols = 10})
{
    const auto e = axes();
    at::manual_seed(seed);
    auto rows = at::randn({size.count(), width}, at::kDouble) * 0.01 + 1;
    for (std::int64_t i = 0; i < size.count(); ++i) {
        const auto row = i / size.cols, col = i % size.cols;
        const bool inside = row >= 2 && row < size.rows - 2 && col >= 2 && col < size.cols - 2;
        if (!inside) {
            rows[i] += 40 * e[5] + at::randn({1}, at::kDouble) * 0.5 * e[7];
            continue;
        }
        const auto c = at::randn({3}, at::kDouble);
        rows[i] += 4 * c[0] * e[0] + 2 * c[1] * e[1] + c[2] * e[2];
    }
    return gridFrom(size, rows);
}

GridReader readerOf(const std::vector<FeatureGrid>& grids)
{
    return [&grids](std::size_t i) { return std::optional(grids[i]); };
}

double alignment(const PatchBasis& basis, std::int64_t component, const at::Tensor& axis)
{
    const auto direction = tensorOf(basis.directions, 3)[component].to(at::kDouble);
    return std::abs(direction.dot(axis).item<double>()) / direction.norm().item<double>();
}

FeatureGrid gridOf(GridSize size, std::vector<std::vector<float>> rows)
{
    FeatureGrid features{.grid = size, .width = static_cast<std::int64_t>(rows[0].size()), .values = {}, .cls = {}};
    for (const auto& row : rows)
        features.values.insert(features.values.end(), row.begin(), row.end());
    return features;
}

FeatureGrid randomGrid(GridSize size, std::int64_t length, unsigned seed)
{
    std::mt19937 random(seed);
    std::normal_distribution<float> normal;
    FeatureGrid features{.grid = size, .width = length, .values = {}, .cls = {}};
    features.values.resize(static_cast<std::size_t>(size.count() * length));
    for (auto& value : features.values)
        value = normal(random);
    return features;
}

} // namespace

/// What patches are made visible by: their principal components and their likeness to one of them.
class TestPatchFeatures : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void findsTheDirectionsInWhichTheForegroundDiffers()
    {
        std::vector<FeatureGrid> scenes;
        for (std::uint64_t seed = 1; seed <= 20; ++seed)
            scenes.push_back(sceneWithForeground(seed));
        const auto basis = fitPatchBasis(scenes.size(), readerOf(scenes));
        QVERIFY(basis.has_value());
        const auto e = axes();
        for (std::int64_t i = 0; i < 3; ++i)
            QVERIFY2(alignment(*basis, i, e[i]) > 0.99, qPrintable(QString::number(alignment(*basis, i, e[i]))));
        QCOMPARE(basis->pictures, 20);
        QCOMPARE(basis->patches, 20 * 8 * 6);
        QVERIFY(std::abs(basis->shares[0] - 16.0 / 21) < 0.05);
        QVERIFY(basis->shares[0] > basis->shares[1] && basis->shares[1] > basis->shares[2]);

        const auto colours = patchColours(*basis, scenes[4]);
        for (std::int64_t i = 0; i < 120; ++i) {
            const auto row = i / 10, col = i % 10;
            const bool inside = row >= 2 && row < 10 && col >= 2 && col < 8;
            QCOMPARE(bool(colours.foreground[static_cast<std::size_t>(i)]), inside);
        }
    }

    void componentsAreWhitenedOverWhatTheyWereFittedOn()
    {
        std::vector<FeatureGrid> scenes;
        for (std::uint64_t seed = 1; seed <= 8; ++seed)
            scenes.push_back(sceneWithForeground(seed));
        const auto basis = fitPatchBasis(scenes.size(), readerOf(scenes));
        std::array<double, 3> sum{}, squares{};
        double count = 0, cross = 0;
        for (const auto& scene : scenes) {
            const auto colours = patchColours(*basis, scene);
            for (std::size_t i = 0; i < colours.foreground.size(); ++i) {
                if (!colours.foreground[i])
                    continue;
                ++count;
                for (std::size_t c = 0; c < 3; ++c) {
                    sum[c] += colours.components[3 * i + c];
                    squares[c] += std::pow(colours.components[3 * i + c], 2);
                }
                cross += static_cast<double>(colours.components[3 * i]) * colours.components[3 * i + 1];
            }
        }
        for (std::size_t c = 0; c < 3; ++c) {
            QVERIFY(std::abs(sum[c] / count) < 1e-3);
            QVERIFY(std::abs(squares[c] / count - 1) < 1e-3);
        }
        QVERIFY(std::abs(cross / count) < 1e-3);
    }

    void theSameFeatureHasTheSameColourInEveryPicture()
    {
        const std::vector<FeatureGrid> scenes = {sceneWithForeground(1), sceneWithForeground(2)};
        const auto basis = fitPatchBasis(scenes.size(), readerOf(scenes));
        auto other = sceneWithForeground(9, {.rows = 7, .cols = 9});
        const auto source = scenes[0].patch(5 * 10 + 5);
        std::copy(source.begin(), source.end(), other.patch(3 * 9 + 4).begin());
        const auto first = patchColours(*basis, scenes[0]), second = patchColours(*basis, other);
        for (std::size_t c = 0; c < 3; ++c)
            QCOMPARE(second.rgb[(3 * 9 + 4) * 3 + c], first.rgb[(5 * 10 + 5) * 3 + c]);
    }

    void signsAndOrderDoNotDependOnTheOrderOfThePictures()
    {
        std::vector<FeatureGrid> scenes = {sceneWithForeground(1), sceneWithForeground(2), sceneWithForeground(3)};
        const auto basis = fitPatchBasis(scenes.size(), readerOf(scenes));
        const auto again = fitPatchBasis(scenes.size(), readerOf(scenes));
        QVERIFY(basis->directions == again->directions); // bit for bit
        std::reverse(scenes.begin(), scenes.end());
        const auto reversed = fitPatchBasis(scenes.size(), readerOf(scenes));
        const auto difference = (at::tensor(basis->directions) - at::tensor(reversed->directions)).abs().max();
        QVERIFY2(difference.item<float>() < 1e-3F, qPrintable(QString::number(difference.item<float>())));
        for (std::int64_t i = 0; i < 3; ++i) {
            const auto direction = tensorOf(basis->directions, 3)[i];
            QVERIFY(direction[direction.abs().argmax().item<std::int64_t>()].item<float>() > 0);
        }
    }

    void withoutTwoSidesEveryPatchIsForeground()
    {
        at::manual_seed(2);
        auto rows = at::randn({64, width}, at::kDouble);
        rows.select(0, 5) += 60; // one stray patch is no foreground
        const std::vector<FeatureGrid> grids = {gridFrom({.rows = 8, .cols = 8}, rows)};
        const auto basis = fitPatchBasis(1, readerOf(grids));
        QVERIFY(basis->foreground.empty());
        QCOMPARE(basis->patches, 64);
    }

    void saysWhyItCannotFit()
    {
        const GridReader nothing = [](std::size_t) { return std::optional<FeatureGrid>(); };
        QVERIFY(test::errorOf([&] { fitPatchBasis(3, nothing); }).find("run the pass dinov3") != std::string::npos);
        const std::vector<FeatureGrid> alike = {gridFrom({.rows = 4, .cols = 4}, at::ones({16, width}))};
        QVERIFY(test::errorOf([&] { fitPatchBasis(1, readerOf(alike)); }).find("all alike") != std::string::npos);
        const std::vector<FeatureGrid> scenes = {sceneWithForeground(1)};
        QVERIFY(!fitPatchBasis(1, readerOf(scenes), {}, [] { return true; }).has_value());
    }

    void whatDependsOnPlaceAloneIsTakenAwayAndTheRestStays()
    {
        // content(picture, patch) + a ramp over the place, in two grids.
        const auto e = axes();
        at::manual_seed(5);
        PlaceFit fit;
        std::vector<FeatureGrid> contents, mixed;
        for (int i = 0; i < 60; ++i) {
            const GridSize size = i % 2 == 0 ? GridSize{.rows = 16, .cols = 16} : GridSize{.rows = 12, .cols = 20};
            const auto content = at::randn({size.count(), width}, at::kDouble) + 0.5;
            auto rows = content.clone();
            for (std::int64_t j = 0; j < size.count(); ++j) {
                const double y = (static_cast<double>(j / size.cols) + 0.5) / static_cast<double>(size.rows);
                const double x = (static_cast<double>(j % size.cols) + 0.5) / static_cast<double>(size.cols);
                rows[j] += 6 * std::cos(3.14159265 * x) * e[0] + 4 * std::cos(2 * 3.14159265 * y) * e[1];
            }
            contents.push_back(gridFrom(size, content));
            mixed.push_back(gridFrom(size, rows));
            fit.add(mixed.back());
        }
        const auto field = fit.solve();
        QCOMPARE(field.pictures, 60);
        const double place = (36 + 16) / 2.0; // of variance, beside `width` of content
        QVERIFY2(std::abs(field.share - place / (place + width)) < 0.02, qPrintable(QString::number(field.share)));
        for (const std::size_t i : {0UL, 1UL}) {
            const auto cleaned = withoutPlace(field, mixed[i]);
            const auto difference = (at::tensor(cleaned.values) - at::tensor(contents[i].values)).pow(2).mean();
            QVERIFY2(difference.item<float>() < 0.01F, qPrintable(QString::number(difference.item<float>())));
        }
    }

    void featuresThatDoNotKnowTheirPlaceAreLeftAsTheyAre()
    {
        at::manual_seed(6);
        PlaceFit fit;
        std::vector<FeatureGrid> grids;
        for (int i = 0; i < 100; ++i) {
            grids.push_back(gridFrom({.rows = 4, .cols = 4}, at::randn({16, width}) + 3)); // fewer cells than cosines
            fit.add(grids.back());
        }
        const auto field = fit.solve();
        QVERIFY(field.share < 0.02);
        const auto cleaned = withoutPlace(field, grids[0]);
        const auto difference = (at::tensor(cleaned.values) - at::tensor(grids[0].values)).abs().max();
        QVERIFY2(difference.item<float>() < 1, qPrintable(QString::number(difference.item<float>())));
        FeatureGrid other{.grid = {.rows = 1, .cols = 1}, .width = 3, .values = {1, 2, 3}, .cls = {}};
        QVERIFY(test::errorOf([&] { withoutPlace(field, other); }).find("different encoders") != std::string::npos);
    }

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

    void oneComparisonOverALargePictureIsQuick()
    {
        const auto features = randomGrid({.rows = 64, .cols = 64}, 1024, 7);
        const UnitFeatures unit(features);
        const auto direction = unit.direction({.row = 31, .col = 31});
        double best = 1e9;
        for (int i = 0; i < 5; ++i) { // other programs can spoil one, though they take none of its time
            const auto start = std::clock();
            const auto cosines = unit.cosines(direction);
            best = std::min(best, 1e3 * static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
            QVERIFY(cosines.values[31 * 64 + 31] > 0.999F);
        }
        qInfo("64 x 64 patches of 1024 values: %.1f ms of the processor", best);
        QVERIFY2(best < 330, qPrintable(QString::number(best))); // a tenth of that is usual
    }
};

QTEST_APPLESS_MAIN(TestPatchFeatures)
#include "tst_patch_features.moc"
