#include "core/io/heat_picture.h"

#include "core/io/viridis.h"
#include "core/runtime/number_text.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <array>
#include <string>

namespace nanodit {

namespace {

constexpr std::int64_t barHeight = 12, numbersHeight = 16, gap = 8;
constexpr std::uint8_t ground = 27, ink = 200;

Image filled(ImageSize size, std::uint8_t level)
{
    return {.size = size,
            .rgb = std::vector<std::uint8_t>(static_cast<std::size_t>(3 * size.width * size.height), level)};
}

ImageSize scaled(ImageSize size, std::int64_t side)
{
    const auto longer = std::max(size.width, size.height);
    return {.width = std::max<std::int64_t>(1, size.width * side / longer),
            .height = std::max<std::int64_t>(1, size.height * side / longer)};
}

/// What the ends of a bar stand for, in its lowest lines.
void writeEnds(Image& picture, double largest)
{
    constexpr int font = cv::FONT_HERSHEY_PLAIN;
    constexpr double size = 0.8;
    const cv::Mat pixels(static_cast<int>(picture.size.height), static_cast<int>(picture.size.width), CV_8UC3,
                         picture.rgb.data());
    const auto end = significantText(100 * largest, 3) + " %";
    const int baseline = pixels.rows - 4, width = cv::getTextSize(end, font, size, 1, nullptr).width;
    const auto write = [&](const std::string& what, int left) {
        cv::putText(pixels, what, {left, baseline}, font, size, cv::Scalar::all(ink), 1, cv::LINE_AA);
    };
    write("0", 0);
    write(end, std::max(0, pixels.cols - width));
}

void copyInto(Image& target, const Image& source, std::int64_t left, std::int64_t top)
{
    for (std::int64_t y = 0; y < source.size.height; ++y)
        std::copy_n(source.at(0, y), 3 * source.size.width, target.at(left, top + y));
}

} // namespace

Image heatPicture(const Image& picture, GridSize grid, std::span<const float> values, double opacity, std::int64_t side,
                  double largest)
{
    const auto size = scaled(picture.empty() ? ImageSize{grid.cols, grid.rows} : picture.size, side);
    const auto below = picture.empty() ? filled(size, 128) : resizeForDisplay(picture, size);
    auto result = filled({size.width, size.height + gap + barHeight + numbersHeight}, ground);
    if (largest <= 0)
        largest = std::max(1e-12F, *std::max_element(values.begin(), values.end()));
    for (std::int64_t y = 0; y < size.height; ++y) {
        for (std::int64_t x = 0; x < size.width; ++x) {
            const auto* const from = below.at(x, y);
            const double grey = 0.299 * from[0] + 0.587 * from[1] + 0.114 * from[2];
            const auto cell = (y * grid.rows / size.height) * grid.cols + x * grid.cols / size.width;
            const auto colour = viridis(values[static_cast<std::size_t>(cell)] / largest);
            auto* const to = result.at(x, y);
            for (std::size_t channel = 0; channel < 3; ++channel)
                to[channel] = static_cast<std::uint8_t>(opacity * colour[channel] + (1 - opacity) * grey + 0.5);
        }
    }
    for (std::int64_t y = 0; y < barHeight; ++y) {
        for (std::int64_t x = 0; x < size.width; ++x) {
            const auto colour =
                viridis(static_cast<double>(x) / static_cast<double>(std::max<std::int64_t>(1, size.width - 1)));
            std::copy(colour.begin(), colour.end(), result.at(x, size.height + gap + y));
        }
    }
    writeEnds(result, largest);
    return result;
}

Image outlinedPicture(const Image& picture, ImageSize bucket, GridSize grid, std::span<const std::int64_t> cells,
                      std::int64_t side)
{
    const auto size = scaled(bucket, side);
    auto result = picture.empty() ? filled(size, 128) : resizeForDisplay(picture, size);
    const double scale = static_cast<double>(size.width) / static_cast<double>(bucket.width);
    constexpr std::array<std::uint8_t, 3> green = {0x2f, 0xc4, 0x97};
    const auto dot = [&](std::int64_t x, std::int64_t y) {
        if (x >= 0 && y >= 0 && x < size.width && y < size.height)
            std::copy(green.begin(), green.end(), result.at(x, y));
    };
    for (const auto cell : cells) {
        const auto box = cellBox(bucket, grid, {cell / grid.cols, cell % grid.cols});
        const auto left = static_cast<std::int64_t>(box.left * scale),
                   right = static_cast<std::int64_t>(box.right * scale) - 1;
        const auto top = static_cast<std::int64_t>(box.top * scale),
                   bottom = static_cast<std::int64_t>(box.bottom * scale) - 1;
        for (std::int64_t width = 0; width < 2; ++width) {
            for (auto x = left; x <= right; ++x) {
                dot(x, top + width);
                dot(x, bottom - width);
            }
            for (auto y = top; y <= bottom; ++y) {
                dot(left + width, y);
                dot(right - width, y);
            }
        }
    }
    return result;
}

Image sideBySide(const std::vector<Image>& pictures)
{
    ImageSize size;
    for (const auto& picture : pictures) {
        size.width += picture.size.width + (size.width > 0 ? gap : 0);
        size.height = std::max(size.height, picture.size.height);
    }
    auto result = filled(size, ground);
    std::int64_t left = 0;
    for (const auto& picture : pictures) {
        copyInto(result, picture, left, 0);
        left += picture.size.width + gap;
    }
    return result;
}

} // namespace nanodit
