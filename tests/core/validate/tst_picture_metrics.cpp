#include "core/runtime/error.h"
#include "core/validate/picture_metrics.h"

#include <QTest>

#include <algorithm>
#include <cmath>
#include <random>

using namespace nanodit;

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
};

QTEST_APPLESS_MAIN(TestPictureMetrics)
#include "tst_picture_metrics.moc"
