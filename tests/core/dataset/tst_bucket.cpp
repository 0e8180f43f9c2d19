#include "core/geometry/bucket.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <cmath>
#include <random>
#include <utility>

using namespace nanodit;

namespace {

bool near(double a, double b)
{
    return std::abs(a - b) < 1e-9;
}

} // namespace

class TestBucket : public QObject {
    Q_OBJECT

private Q_SLOTS:
    /// The table of the design: what each encoder sees of each bucket.
    void inputsAndGridsAreThoseOfTheTable()
    {
        struct Row {
            ImageSize bucket, input14;
            GridSize grid14, grid16;
            std::int64_t patches14, patches16;
        };
        const std::vector<Row> table = {
            {{1024, 1024}, {1022, 1022}, {73, 73}, {64, 64}, 5329, 4096},
            {{1216, 832}, {1218, 826}, {59, 87}, {52, 76}, 5133, 3952},
            {{1280, 768}, {1274, 770}, {55, 91}, {48, 80}, 5005, 3840},
            {{1344, 704}, {1344, 700}, {50, 96}, {44, 84}, 4800, 3696},
        };
        int buckets = 0;
        for (const auto& row : table) {
            for (const bool transposed : {false, true}) {
                if (transposed && row.bucket.width == row.bucket.height)
                    continue;
                ++buckets;
                const auto turn = [&](auto a, auto b) { return transposed ? std::pair(b, a) : std::pair(a, b); };
                const auto [width, height] = turn(row.bucket.width, row.bucket.height);
                const ImageSize bucket{width, height};
                QVERIFY(std::ranges::count(defaultBuckets(), bucket) == 1);
                const auto [inputWidth, inputHeight] = turn(row.input14.width, row.input14.height);
                QVERIFY((dinoInputSize(bucket, 14) == ImageSize{inputWidth, inputHeight}));
                QVERIFY(dinoInputSize(bucket, 16) == bucket);
                const auto [rows14, cols14] = turn(row.grid14.rows, row.grid14.cols);
                const auto [rows16, cols16] = turn(row.grid16.rows, row.grid16.cols);
                QVERIFY((dinoGrid(bucket, 14) == GridSize{rows14, cols14}));
                QVERIFY((dinoGrid(bucket, 16) == GridSize{rows16, cols16}));
                QCOMPARE(dinoGrid(bucket, 14).count(), row.patches14);
                QCOMPARE(dinoGrid(bucket, 16).count(), row.patches16);
                // At p = 16 a patch covers exactly one token of the diffusion transformer.
                QVERIFY(dinoGrid(bucket, 16) == latentTokenGrid(bucket));
            }
        }
        QCOMPARE(buckets, static_cast<int>(defaultBuckets().size()));
    }

    void inputIsNeverLessThanOnePatch() { QVERIFY((dinoInputSize({4, 4}, 14) == ImageSize{14, 14})); }

    void namesGoBothWays()
    {
        for (const auto bucket : defaultBuckets())
            QVERIFY(bucketFromName(bucketName(bucket)) == bucket);
        QCOMPARE(bucketName({1216, 832}), std::string("1216x832"));
        for (const char* wrong : {"", "x", "1216", "1216x", "x832", "1216X832", "1216x832 ", "-64x64", "0x64", "64x0",
                                  "99999999999999999999x64", "9223372036854775807x64", "64x9223372036854775807"})
            QVERIFY2(test::errorOf([&] { bucketFromName(wrong); }).find("WIDTHxHEIGHT") != std::string::npos, wrong);
    }

    void nearestIsByRatioOnALogarithmicScale()
    {
        const auto buckets = defaultBuckets();
        QVERIFY((nearestBucket({4000, 4000}, buckets) == ImageSize{1024, 1024}));
        QVERIFY((nearestBucket({6000, 4000}, buckets) == ImageSize{1216, 832}));
        QVERIFY((nearestBucket({4000, 6000}, buckets) == ImageSize{832, 1216}));
        QVERIFY((nearestBucket({1920, 1080}, buckets) == ImageSize{1280, 768})); // 1.778 lies between 1.667 and 1.909
        QVERIFY((nearestBucket({10000, 100}, buckets) == ImageSize{1344, 704}));
        QVERIFY((nearestBucket({100, 10000}, buckets) == ImageSize{704, 1344}));
    }

    void nearestTreatsBothOrientationsAlike()
    {
        const auto buckets = defaultBuckets();
        std::mt19937 random(7);
        std::uniform_int_distribution<std::int64_t> side(1, 9000);
        for (int i = 0; i < 2000; ++i) {
            const ImageSize image{side(random), side(random)};
            const auto one = nearestBucket(image, buckets);
            const auto other = nearestBucket({image.height, image.width}, buckets);
            const auto distance = [&](ImageSize bucket) {
                return std::abs(std::log(double(bucket.width) / double(bucket.height)) -
                                std::log(double(image.width) / double(image.height)));
            };
            QVERIFY(near(distance(one), distance({other.height, other.width})));
            for (const auto bucket : buckets)
                QVERIFY(distance(one) <= distance(bucket) + 1e-9);
        }
    }

    void equallyNearGoesToTheEarlier()
    {
        const std::vector<ImageSize> buckets = {{128, 64}, {64, 128}};
        QVERIFY((nearestBucket({100, 100}, buckets) == ImageSize{128, 64}));
    }

    void cropIsTheLargestCentredBoxOfTheBucketsRatio()
    {
        std::mt19937 random(11);
        std::uniform_int_distribution<std::int64_t> side(16, 9000);
        for (int i = 0; i < 2000; ++i) {
            const ImageSize original{side(random), side(random)};
            const auto bucket = nearestBucket(original, defaultBuckets());
            const auto box = bucketCrop(original, bucket);
            const double width = box.right - box.left, height = box.bottom - box.top;
            QVERIFY(std::abs(width / height - double(bucket.width) / double(bucket.height)) < 1e-6);
            QVERIFY(std::abs(box.left + box.right - double(original.width)) < 1e-6);
            QVERIFY(std::abs(box.top + box.bottom - double(original.height)) < 1e-6);
            QVERIFY(box.left > -1e-9 && box.top > -1e-9);
            QVERIFY(std::abs(box.left) < 1e-6 || std::abs(box.top) < 1e-6); // it touches two sides
        }
        const auto box = bucketCrop({2000, 1000}, {1024, 1024});
        QVERIFY(near(box.left, 500) && near(box.right, 1500) && near(box.top, 0) && near(box.bottom, 1000));
    }

    void cellsTileTheBucketAndHoldTheirOwnPixels()
    {
        const ImageSize bucket{1216, 832};
        for (const auto grid : {dinoGrid(bucket, 14), dinoGrid(bucket, 16), latentTokenGrid(bucket)}) {
            double area = 0;
            for (std::int64_t row = 0; row < grid.rows; ++row) {
                for (std::int64_t col = 0; col < grid.cols; ++col) {
                    const auto box = cellBox(bucket, grid, {row, col});
                    area += (box.right - box.left) * (box.bottom - box.top);
                    QVERIFY((cellAt(bucket, grid, (box.left + box.right) / 2, (box.top + box.bottom) / 2) ==
                             GridCell{row, col}));
                }
            }
            QVERIFY(std::abs(area - 1216.0 * 832.0) < 1e-3);
        }
        QVERIFY((cellAt(bucket, {52, 76}, -5, 9999) == GridCell{51, 0}));
    }

    void patchLiesOverTheTokensItCovers()
    {
        const ImageSize bucket{1024, 1024};
        const auto tokens = latentTokenGrid(bucket);
        // p = 16: one to one.
        const auto same = cellsUnder(bucket, tokens, cellBox(bucket, dinoGrid(bucket, 16), {10, 20}));
        QVERIFY((same.first == GridCell{10, 20} && same.last == GridCell{10, 20}));
        // p = 14: 73 patches over 64 tokens, the eighth of a row covers pixels 98.2 to 112.2, which begin in token 6.
        const auto two = cellsUnder(bucket, tokens, cellBox(bucket, dinoGrid(bucket, 14), {0, 7}));
        QVERIFY((two.first == GridCell{0, 6} && two.last == GridCell{0, 7}));
    }

    void oldCentreCropIsRecognised()
    {
        for (const std::int64_t patches : {196, 256})
            QVERIFY(isCentreCropPatchCount(patches));
        for (const auto bucket : defaultBuckets()) {
            QVERIFY(!isCentreCropPatchCount(dinoGrid(bucket, 14).count()));
            QVERIFY(!isCentreCropPatchCount(dinoGrid(bucket, 16).count()));
        }
        const auto box = oldCentreCrop({1280, 768});
        QVERIFY(near(box.bottom - box.top, 672) && near(box.right - box.left, 672)); // 7/8 of the shorter side
        QVERIFY(near(box.left + box.right, 1280) && near(box.top + box.bottom, 768));
    }
};

QTEST_APPLESS_MAIN(TestBucket)
#include "tst_bucket.moc"
