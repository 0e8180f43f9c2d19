#include "core/dataset/shard_set.h"
#include "core/golden/golden.h"
#include "core/io/atomic_file.h"
#include "core/io/tensor.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/runtime/tf32.h"
#include "core/validate/learnt_measures.h"
#include "core/validate/lpips.h"
#include "core/validate/nearest_training.h"
#include "core/validate/patch_metrics.h"
#include "core/validate/picture_metrics.h"
#include "tests/support/test_data.h"
#include "tests/support/tiny_training.h"
#include "tests/support/tiny_workspace.h"

#include <ATen/ATen.h>
#include <QTest>

#include <algorithm>
#include <cmath>
#include <random>

using namespace nanodit;
using namespace nanodit::test;
namespace fs = std::filesystem;

namespace {

Image noise(ImageSize size, unsigned seed)
{
    std::mt19937 random(seed);
    Image image{.size = size, .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.width * size.height))};
    for (auto& value : image.rgb)
        value = static_cast<std::uint8_t>(random() % 256);
    return image;
}

/// The formula of the paper, window by window.
double plainSsim(const Image& a, const Image& b)
{
    double weights[11][11], total = 0;
    for (int i = 0; i < 11; ++i) {
        for (int j = 0; j < 11; ++j)
            total += weights[i][j] = std::exp(-((i - 5) * (i - 5) + (j - 5) * (j - 5)) / (2 * 1.5 * 1.5));
    }
    double sum = 0;
    std::int64_t windows = 0;
    for (std::int64_t y = 0; y + 11 <= a.size.height; ++y) {
        for (std::int64_t x = 0; x + 11 <= a.size.width; ++x) {
            for (int channel = 0; channel < 3; ++channel) {
                double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
                for (int i = 0; i < 11; ++i) {
                    for (int j = 0; j < 11; ++j) {
                        const double w = weights[i][j] / total;
                        const double p = a.at(x + j, y + i)[channel], q = b.at(x + j, y + i)[channel];
                        ma += w * p, mb += w * q, aa += w * p * p, bb += w * q * q, ab += w * p * q;
                    }
                }
                const double c1 = 6.5025, c2 = 58.5225;
                sum += (2 * ma * mb + c1) * (2 * (ab - ma * mb) + c2) /
                       ((ma * ma + mb * mb + c1) * (aa - ma * ma + bb - mb * mb + c2));
                ++windows;
            }
        }
    }
    return sum / static_cast<double>(windows);
}

} // namespace

/// What pictures are measured by: their pixels, their patches, LPIPS (golden cases made with lpips 0.1.4), what
/// conditions are worth to the model, and the nearest pictures of the training.
class TestPictureMetrics : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void psnrOfOneGreyLevelEverywhere()
    {
        Image a = noise({16, 12}, 1);
        for (auto& value : a.rgb)
            value = std::min<std::uint8_t>(value, 254);
        auto b = a;
        for (auto& value : b.rgb)
            ++value;
        QVERIFY(std::abs(psnr(a, b) - 20 * std::log10(255.0)) < 1e-12);
        QVERIFY(std::isinf(psnr(a, a)));
    }

    void ssimIsThePapersFormula()
    {
        const auto a = noise({23, 17}, 2);
        auto b = noise({23, 17}, 3);
        for (std::size_t i = 0; i < b.rgb.size(); ++i)
            b.rgb[i] = static_cast<std::uint8_t>((3 * a.rgb[i] + b.rgb[i]) / 4);
        const double expected = plainSsim(a, b);
        QVERIFY(expected > 0.2 && expected < 0.98);
        QVERIFY2(std::abs(ssim(a, b) - expected) < 1e-9, std::to_string(ssim(a, b)).c_str());
        QVERIFY(std::abs(ssim(a, a) - 1) < 1e-12);
    }

    void theChangeOutsideOfCellsIsThatOfTheirPixelsAlone()
    {
        constexpr std::int64_t width = 20, height = 12; // cells of 5 x 4 pixels
        const GridSize grid{.rows = 3, .cols = 4};
        const auto a = noise({width, height}, 4);
        auto b = a;
        const auto shift = [&](std::int64_t x, std::int64_t y) {
            for (std::int64_t channel = 0; channel < 3; ++channel) {
                auto& value = b.rgb[static_cast<std::size_t>(3 * (y * width + x) + channel)];
                value = static_cast<std::uint8_t>(value < 128 ? value + 51 : value - 51); // a fifth of the range
            }
        };
        for (std::int64_t y = 4; y < 8; ++y) {
            for (std::int64_t x = 5; x < 10; ++x)
                shift(x, y); // the cell 5
        }
        QCOMPARE(changeOutside(a, b, grid, {5}), 0.0);
        QVERIFY(std::abs(changeOutside(a, b, grid, {4, 6}) - 0.2 / 10) < 1e-12); // one of the ten cells left
        shift(0, 0);
        QVERIFY(std::abs(changeOutside(a, b, grid, {5}) - 0.2 / 220) < 1e-12);
        QCOMPARE(changeOutside(a, b, grid, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}), 0.0);
    }

    void refusesPicturesOfDifferentSizes()
    {
        QVERIFY_EXCEPTION_THROWN(psnr(noise({16, 12}, 1), noise({12, 16}, 1)), UsageError);
        QVERIFY_EXCEPTION_THROWN(changeOutside(noise({16, 12}, 1), noise({12, 16}, 1), {1, 1}, {}), UsageError);
        QVERIFY_EXCEPTION_THROWN(ssim(noise({16, 10}, 1), noise({16, 10}, 1)), UsageError);
    }

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

    void refusesPatchesOfShapesThatDoNotFit()
    {
        QVERIFY_EXCEPTION_THROWN(patchCosineDistance(at::randn({3, 4}), at::randn({4, 4})), UsageError);
        QVERIFY_EXCEPTION_THROWN(patchCorrespondence(at::randn({12, 4}), at::randn({12, 4}), {5, 2}), UsageError);
        QVERIFY_EXCEPTION_THROWN(frechetDistance(at::randn({1, 4}), at::randn({9, 4})), UsageError);
    }

    void lpipsMeetsTheGoldens_data()
    {
        QTest::addColumn<QString>("folder");
        QTest::newRow("alex") << "golden/lpips_alex";
        QTest::newRow("squeeze") << "golden/lpips_squeeze";
    }

    void lpipsMeetsTheGoldens()
    {
        QFETCH(QString, folder);
        const auto lines = lpipsGoldenRunners().at("lpips")(test::dataPath(folder.toStdString()), Compute{});
        QVERIFY(lines.size() > 20);
        for (const auto& line : lines)
            QVERIFY2(line.passed, (line.name + ": " + std::to_string(line.largestError) + " " + line.note).c_str());
    }

    void lpipsLoadsPublishedFilesAndMeasuresEqualPicturesAsZero()
    {
        const test::TemporaryFolder folder;
        fs::create_directories(folder / "lpips");
        fs::copy_file(test::dataPath("golden/lpips_squeeze/backbone.safetensors"),
                      folder / "lpips/squeezenet1_1-b8a52dc0.safetensors");
        fs::copy_file(test::dataPath("golden/lpips_squeeze/lin_squeeze.pth"), folder / "lpips/squeeze.pth");
        const auto lpips = Lpips::load(folder / "lpips", LpipsNet::Squeeze);
        const auto picture = at::rand({1, 3, 40, 48}) * 2 - 1;
        QCOMPARE(lpips.distance(picture, picture).item<float>(), 0.0F);
        QVERIFY(lpips.distance(picture, -picture).item<float>() > 0);
    }

    void lpipsIsTheSameWhateverATrainingRoundsTo()
    {
        if (!at::globalContext().hasCUDA())
            QSKIP("TensorFloat-32 is of NVIDIA's GPUs");
        const test::TemporaryFolder folder;
        const auto golden = test::dataPath("golden/lpips_squeeze");
        fs::create_directories(folder / "lpips");
        fs::copy_file(golden / "backbone.safetensors", folder / "lpips/squeezenet1_1-b8a52dc0.safetensors");
        fs::copy_file(golden / "lin_squeeze.pth", folder / "lpips/squeeze.pth");
        const auto lpips = Lpips::load(folder / "lpips", LpipsNet::Squeeze, {.device = at::kCUDA});
        const auto picture = at::rand({1, 3, 64, 64}) * 2 - 1;
        const auto distance = [&](bool tf32) {
            wishTf32(at::kCUDA, tf32);
            return lpips.distance(picture, -picture).item<float>();
        };
        QVERIFY(distance(true) == distance(false));
        wishTf32(at::kCUDA, true);
    }

    void lpipsTellsWhichWeightsAreMissing()
    {
        const test::TemporaryFolder folder;
        fs::create_directories(folder / "lpips");
        try {
            Lpips::load(folder / "lpips", LpipsNet::Vgg);
            QFAIL("loaded from an empty folder");
        } catch (const DataError& error) {
            const std::string sentence = error.what();
            QVERIFY(sentence.find("vgg16-") != std::string::npos && sentence.find("vgg.pth") != std::string::npos);
        }
        QVERIFY_EXCEPTION_THROWN(Lpips(LpipsNet::Alex, {}, {}, "nothing"), DataError);
    }

    void aSampleThatCannotBeReadIsLeftOutOfWhatConditionsAreWorth()
    {
        const TinyWorkspace tiny;
        const auto checkpoint = train(requestFor(tiny, "run", tinyConfig(1))).report.checkpoint;
        const auto shard = tiny.workspace.shardsFolder() / "val/bucket_64x64/shard-000000.tar";
        auto bytes = readTextFile(shard);
        bytes[bytes.find("val1.vae.npy") + 200] ^= 1; // in the entry's header
        writeText(shard, bytes);
        ValidationReport report;
        for (const auto* const record : {"val0", "val1"}) {
            auto& picture = report.pictures.emplace_back();
            picture.task = ValidationTask::Reconstruction;
            picture.record = record;
        }
        QVERIFY(addConditionWorth(report, tiny.workspace, checkpoint, {}, {}));
        QCOMPARE(report.pictures[0].values.count("fixed_loss"), std::size_t(1));
        QCOMPARE(report.pictures[1].values.count("fixed_loss"), std::size_t(0));
        QVERIFY(std::ranges::any_of(report.notes, [](const std::string& note) {
            return note.find("on 1 record, the first because") != std::string::npos &&
                   note.find("val1") != std::string::npos;
        }));
    }

    void aCopyIsFoundAndAnyOtherIsTheBestByHand()
    {
        const TinyWorkspace tiny;
        const auto set = ShardSet::open(tiny.workspace.shardsFolder() / "train");
        at::manual_seed(5);
        const auto query = at::randn({TinyWorkspace::dinoWidth});
        const auto copied = set->read(7);
        const auto cls = at::stack({tensorFromArray(copied.cls).to(at::kFloat) * 3, query}); // length does not count
        const auto nearest = nearestTrainingPictures(*set, cls, {});
        QVERIFY(nearest);
        QCOMPARE(nearest->size(), 2U);
        QCOMPARE((*nearest)[0].id, copied.id);
        QVERIFY(std::abs((*nearest)[0].similarity - 1) < 1e-5);
        double best = -2;
        std::string id;
        for (std::size_t i = 0; i < set->entries().size(); ++i) {
            const auto stored = tensorFromArray(set->read(static_cast<std::int64_t>(i)).cls).to(at::kFloat);
            const double similarity = at::cosine_similarity(query, stored, 0).item<double>();
            if (similarity > best) {
                best = similarity;
                id = set->entries()[i].id;
            }
        }
        QCOMPARE((*nearest)[1].id, id);
        QVERIFY(std::abs((*nearest)[1].similarity - best) < 1e-5);
    }

    void featuresOfAnotherEncoderAreRefusedAndAStopIsHeard()
    {
        const TinyWorkspace tiny;
        const auto set = ShardSet::open(tiny.workspace.shardsFolder() / "train");
        QVERIFY_EXCEPTION_THROWN(nearestTrainingPictures(*set, at::zeros({1, 5}), {}), DataError);
        JobContext stopped;
        stopped.control->requestStop();
        QVERIFY(!nearestTrainingPictures(*set, at::zeros({1, TinyWorkspace::dinoWidth}), stopped));
    }
};

QTEST_APPLESS_MAIN(TestPictureMetrics)
#include "tst_picture_metrics.moc"
