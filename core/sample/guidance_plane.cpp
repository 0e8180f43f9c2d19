#include "core/sample/guidance_plane.h"

#include "core/runtime/error.h"

#include <opencv2/imgproc.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace nanodit {

namespace {

constexpr std::size_t mostScales = 64;
constexpr double largestScale = 50;

constexpr int gap = 2, margin = 48; // pixels
// Red first: a dark ground, and the colours that text and DINO have everywhere.
const cv::Scalar ground(29, 30, 33), textInk(240, 178, 50), dinoInk(110, 195, 240);

/// Text around a point.
void write(cv::Mat& sheet, const std::string& text, cv::Point centre, const cv::Scalar& ink)
{
    constexpr auto font = cv::FONT_HERSHEY_SIMPLEX;
    constexpr double size = 0.45;
    int baseline = 0;
    const auto extent = cv::getTextSize(text, font, size, 1, &baseline);
    cv::putText(sheet, text, {centre.x - extent.width / 2, centre.y + extent.height / 2}, font, size, ink, 1,
                cv::LINE_AA);
}

std::optional<double> numberFrom(std::string_view text)
{
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || !(std::abs(value) <= largestScale))
        return std::nullopt;
    return value;
}

/// "2" or "0:6:7"; empty for anything else.
std::vector<double> scalesFrom(std::string_view text)
{
    const auto first = text.find(':');
    if (first == std::string_view::npos) {
        const auto only = numberFrom(text);
        return only ? std::vector{*only} : std::vector<double>{};
    }
    const auto second = text.find(':', first + 1);
    if (second == std::string_view::npos)
        return {};
    const auto low = numberFrom(text.substr(0, first)), high = numberFrom(text.substr(first + 1, second - first - 1)),
               count = numberFrom(text.substr(second + 1));
    if (!low || !high || !count || *count < 2 || *count > static_cast<double>(mostScales) ||
        *count != std::floor(*count))
        return {};
    std::vector<double> scales;
    for (int i = 0; i < static_cast<int>(*count); ++i)
        scales.push_back(*low + (*high - *low) * i / (*count - 1));
    return scales;
}

std::string scaleText(double scale)
{
    char text[32];
    std::snprintf(text, sizeof text, "%.2f", scale);
    std::string shortened = text;
    while (shortened.ends_with('0'))
        shortened.pop_back();
    if (shortened.ends_with('.'))
        shortened.pop_back();
    return shortened;
}

} // namespace

std::vector<PlaneCell> coarseToFine(std::size_t rows, std::size_t cols)
{
    std::vector<PlaneCell> order;
    order.reserve(rows * cols);
    const auto longest = std::max({rows, cols, std::size_t{2}});
    std::size_t before = 0;
    for (auto stride = std::bit_floor(longest - 1); stride > 0; before = stride, stride /= 2) {
        for (std::size_t row = 0; row < rows; row += stride) {
            for (std::size_t col = 0; col < cols; col += stride) {
                if (before == 0 || row % before != 0 || col % before != 0)
                    order.push_back({.row = row, .col = col});
            }
        }
    }
    return order;
}

GuidancePlane guidancePlaneFrom(const std::string& text)
{
    GuidancePlane plane;
    bool understood = !text.ends_with(',');
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const auto part = rest.substr(0, comma);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
        auto* const scales = part.starts_with("text=")   ? &plane.textScales
                             : part.starts_with("dino=") ? &plane.dinoScales
                                                         : nullptr;
        understood = understood && scales != nullptr && scales->empty();
        if (understood)
            *scales = scalesFrom(part.substr(5));
        understood = understood && !scales->empty();
    }
    if (!understood || plane.textScales.empty() || plane.dinoScales.empty())
        throw UsageError("the grid is \"" + text +
                         "\", but must be text=FROM:TO:COUNT,dino=FROM:TO:COUNT, for example text=0:6:7,dino=0:6:4 (a "
                         "single scale: text=2), with scales up to " +
                         scaleText(largestScale) + " and 2 to " + std::to_string(mostScales) + " of each");
    return plane;
}

Image planeSheet(const GuidancePlane& plane, std::span<const Image> pictures)
{
    ImageSize size;
    for (const auto& picture : pictures) {
        if (!picture.empty())
            size = picture.size;
    }
    const int width = static_cast<int>(size.width) + gap, height = static_cast<int>(size.height) + gap;
    const auto cols = static_cast<int>(plane.cols()), rows = static_cast<int>(plane.rows());
    cv::Mat sheet(margin + rows * height, margin + cols * width, CV_8UC3, ground);
    write(sheet, "text", {margin / 2, margin / 2 + 8}, textInk);
    write(sheet, "DINO", {margin / 2, margin / 2 - 8}, dinoInk);
    for (int col = 0; col < cols; ++col)
        write(sheet, scaleText(plane.dinoScales[static_cast<std::size_t>(col)]),
              {margin + col * width + width / 2, margin / 2}, dinoInk);
    for (int row = 0; row < rows; ++row) {
        write(sheet, scaleText(plane.textScales[static_cast<std::size_t>(row)]),
              {margin / 2, margin + row * height + height / 2}, textInk);
        for (int col = 0; col < cols; ++col) {
            const auto index = static_cast<std::size_t>(row) * plane.cols() + static_cast<std::size_t>(col);
            if (index >= pictures.size() || pictures[index].empty())
                continue;
            auto bytes = pictures[index].rgb;
            const cv::Mat picture(height - gap, width - gap, CV_8UC3, bytes.data());
            picture.copyTo(sheet(cv::Rect(margin + col * width, margin + row * height, picture.cols, picture.rows)));
        }
    }
    Image result{.size = {sheet.cols, sheet.rows}, .rgb = {}};
    result.rgb.assign(sheet.data, sheet.data + sheet.total() * sheet.elemSize());
    return result;
}

} // namespace nanodit
