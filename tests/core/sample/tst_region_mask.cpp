#include "core/sample/region_mask.h"

#include <QtTest/QTest>

#include <algorithm>
#include <cmath>

using namespace nanodit;

namespace {

constexpr ImageSize size = {64, 32};
constexpr GridSize patches = {2, 4}; // of 16 pixels

Image black()
{
    return {.size = size, .rgb = std::vector<std::uint8_t>(3 * 64 * 32, 0)};
}

void fill(Image& picture, std::int64_t left, std::int64_t top, std::int64_t width, std::int64_t height)
{
    for (std::int64_t y = top; y < top + height; ++y) {
        for (std::int64_t x = left; x < left + width; ++x)
            std::fill_n(picture.at(x, y), 3, std::uint8_t{255});
    }
}

} // namespace

class TestRegionMask : public QObject {
    Q_OBJECT

private Q_SLOTS:
    void coverIsTheMeanOfAPatch()
    {
        auto mask = black();
        fill(mask, 16, 0, 16, 16); // patch 1
        fill(mask, 32, 0, 4, 16);  // a quarter of patch 2
        fill(mask, 0, 16, 16, 12); // three quarters of patch 4
        const auto cover = patchCover(mask, size, patches);
        const std::vector<double> expected = {0, 1, 0.25, 0, 0.75, 0, 0, 0};
        QCOMPARE(cover.size(), expected.size());
        for (std::size_t i = 0; i < cover.size(); ++i)
            QVERIFY2(std::abs(cover[i] - expected[i]) < 0.004, qPrintable(QString::number(cover[i])));
        QCOMPARE(patchesOutside(cover), (std::vector<std::int64_t>{0, 2, 3, 5, 6, 7}));
    }

    void aMaskIsCroppedAsItsReferenceIs()
    {
        // 128 x 32 covers 64 x 32 when a fourth is cut off at each side: what is white there is not seen.
        Image wide{.size = {128, 32}, .rgb = std::vector<std::uint8_t>(3 * 128 * 32, 0)};
        fill(wide, 0, 0, 32, 32);
        fill(wide, 96, 0, 32, 32);
        QCOMPARE(patchesOutside(patchCover(wide, size, patches)).size(), std::size_t{8});
        fill(wide, 32, 0, 16, 32); // the first column of what is seen
        QCOMPARE(patchesOutside(patchCover(wide, size, patches)), (std::vector<std::int64_t>{1, 2, 3, 5, 6, 7}));
    }

    void halfIsInside() { QCOMPARE(patchesOutside({0.499, 0.5, 1, 0}), (std::vector<std::int64_t>{0, 3})); }
};

QTEST_APPLESS_MAIN(TestRegionMask)
#include "tst_region_mask.moc"
