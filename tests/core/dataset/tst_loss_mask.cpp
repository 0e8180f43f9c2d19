#include "core/dataset/loss_mask.h"
#include "core/io/float_values.h"
#include "core/io/image.h"
#include "tests/support/contains.h"
#include "tests/support/test_data.h"

#include <QTest>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <functional>

using namespace nanodit;
using nanodit::test::contains;
using nanodit::test::errorOf;
using nanodit::test::TemporaryFolder;
namespace fs = std::filesystem;

namespace {

/// A grey picture whose brightness is a function of the pixel.
void draw(const std::filesystem::path& file, ImageSize size, const std::function<int(std::int64_t, std::int64_t)>& grey)
{
    Image image{.size = size, .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.width * size.height))};
    for (std::int64_t y = 0; y < size.height; ++y) {
        for (std::int64_t x = 0; x < size.width; ++x)
            std::fill_n(image.at(x, y), 3, static_cast<std::uint8_t>(grey(x, y)));
    }
    writePng(file, image);
}

} // namespace

class TestLossMask : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void liesBesideThePictureThatItNames()
    {
        const TemporaryFolder folder;
        test::writeText(folder / "cat.jpg", "x");
        QVERIFY(LossMasks().of(folder / "cat.jpg").empty());
        test::writeText(folder / "cat-mask.PNG", "x");
        test::writeText(folder / "dog-mask.jpg", "x");
        QCOMPARE(LossMasks().of(folder / "cat.jpg"), folder / "cat-mask.PNG");
        QVERIFY(LossMasks().of(folder / "dog.jpg").empty());
        QVERIFY(LossMasks().of(folder / "cat-mask.PNG").empty());
    }

    void mayBeSpelledAsOnOtherSystems()
    {
        const TemporaryFolder folder;
        const auto write = [&folder](const std::string& name) { test::writeText(folder / name, "x"); };
        for (const auto* const name : {"IMG_1.JPG", "img_1-Mask.png", "caf\xc3\xa9.jpg", "cafe\xcc\x81-mask.png",
                                       "a.png", "A.png", "A-mask.png", "b.png", "B-mask.png", "b-MASK.png"})
            write(name);
        LossMasks masks;
        QCOMPARE(masks.of(folder / "IMG_1.JPG"), folder / "img_1-Mask.png");
        QCOMPARE(masks.of(folder / "caf\xc3\xa9.jpg"), folder / "cafe\xcc\x81-mask.png");
        QCOMPARE(masks.of(folder / "A.png"), folder / "A-mask.png");
        QVERIFY(masks.of(folder / "a.png").empty()); // it is another picture's
        QCOMPARE(masks.of(folder / "b.png"), folder / "b-MASK.png");
        QVERIFY(masks.of(folder / "c.png").empty());
        const auto changedAgain = [&folder](int hours) { // clocks of file systems are coarse
            fs::last_write_time(folder.path(), fs::file_time_type::clock::now() + std::chrono::hours(hours));
        };
        write("c-mask.png");
        changedAgain(1);
        QCOMPARE(masks.of(folder / "c.png"), folder / "c-mask.png"); // though there is no picture
        fs::remove(folder / "IMG_1.JPG");
        changedAgain(2);
        QVERIFY(masks.of(folder / "IMG_1.JPG").empty());
    }

    void weighsWhatEachLatentPixelCovers()
    {
        const TemporaryFolder folder;
        const auto file = folder / "a-mask.png";
        draw(file, {64, 32}, [](std::int64_t x, std::int64_t) { return x < 16 ? 255 : x < 24 ? 102 : 0; });
        const auto weights = floatsOf(lossMask(file, {64, 32}, {64, 32}, {.rows = 4, .cols = 8}));
        QCOMPARE(weights.size(), std::size_t(32));
        for (std::size_t row = 0; row < 4; ++row) {
            const auto at = [&](std::size_t col) { return weights[8 * row + col]; };
            QCOMPARE(at(0), 1.0F);
            QVERIFY(std::abs(at(1) - 1.0F) < 0.02F); // the resampling rings a little at an edge
            QVERIFY(std::abs(at(2) - 0.4F) < 0.05F);
            QVERIFY(at(3) < 0.03F);
            QCOMPARE(at(6), 0.0F);
        }
    }

    void goesThroughTheCropOfTheBucket()
    {
        const TemporaryFolder folder;
        const auto file = folder / "a-mask.png";
        // A bucket of 64 x 64 shows the middle of a picture of 128 x 64: columns 32 to 95.
        draw(file, {256, 128}, [](std::int64_t x, std::int64_t) { return x < 128 ? 255 : 0; }); // twice as large
        const auto weights = floatsOf(lossMask(file, {128, 64}, {64, 64}, {.rows = 8, .cols = 8}));
        for (std::size_t row = 0; row < 8; ++row) {
            for (std::size_t col = 0; col < 8; ++col) {
                if (col != 3 && col != 4)
                    QCOMPARE(weights[8 * row + col], col < 4 ? 1.0F : 0.0F);
            }
        }
    }

    void masksThatCannotBeMeantAreRefusedByName()
    {
        const TemporaryFolder folder;
        const auto refusal = [&](const char* name, ImageSize picture) {
            return errorOf([&] { lossMask(folder / name, picture, {64, 64}, {.rows = 8, .cols = 8}); });
        };
        draw(folder / "wide-mask.png", {128, 64}, [](std::int64_t, std::int64_t) { return 255; });
        const auto wide = refusal("wide-mask.png", {64, 64});
        QVERIFY2(contains(wide, "wide-mask.png") && contains(wide, "128x64") && contains(wide, "64x64"), wide.c_str());
        draw(folder / "black-mask.png", {64, 64}, [](std::int64_t, std::int64_t) { return 0; });
        QVERIFY(contains(refusal("black-mask.png", {64, 64}), "nothing would be learnt from it"));
        test::writeText(folder / "text-mask.png", "no picture");
        QVERIFY(contains(refusal("text-mask.png", {64, 64}), "text-mask.png"));
    }
};

QTEST_APPLESS_MAIN(TestLossMask)
#include "tst_loss_mask.moc"
