#include "core/validate/picture_metrics.h"

#include "core/runtime/error.h"

#include <opencv2/imgproc.hpp>

#include <cmath>
#include <cstdlib>
#include <limits>

namespace nanodit {

namespace {

void requireSameSize(const Image& a, const Image& b, std::int64_t smallest)
{
    if (!(a.size == b.size) || a.size.width < smallest || a.size.height < smallest)
        throw UsageError("pictures to compare must be of the same size, at least " + std::to_string(smallest) +
                         " pixels a side, but they have " + std::to_string(a.size.width) + "x" +
                         std::to_string(a.size.height) + " and " + std::to_string(b.size.width) + "x" +
                         std::to_string(b.size.height));
}

cv::Mat asDoubles(const Image& image)
{
    const cv::Mat bytes(static_cast<int>(image.size.height), static_cast<int>(image.size.width), CV_8UC3,
                        const_cast<std::uint8_t*>(image.rgb.data())); // NOLINT: only read
    cv::Mat values;
    bytes.convertTo(values, CV_64FC3);
    return values;
}

} // namespace

double psnr(const Image& a, const Image& b)
{
    requireSameSize(a, b, 1);
    double sum = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i) {
        const double difference = double(a.rgb[i]) - double(b.rgb[i]);
        sum += difference * difference;
    }
    if (sum == 0)
        return std::numeric_limits<double>::infinity();
    return 10 * std::log10(255.0 * 255.0 * static_cast<double>(a.rgb.size()) / sum);
}

double ssim(const Image& a, const Image& b)
{
    constexpr int window = 11, radius = window / 2;
    requireSameSize(a, b, window);
    constexpr double c1 = (0.01 * 255) * (0.01 * 255), c2 = (0.03 * 255) * (0.03 * 255);
    const auto inside = [](const cv::Mat& values) {
        cv::Mat blurred;
        cv::GaussianBlur(values, blurred, {window, window}, 1.5, 1.5);
        return cv::Mat(blurred, {radius, radius, values.cols - 2 * radius, values.rows - 2 * radius}).clone();
    };
    const auto x = asDoubles(a), y = asDoubles(b);
    const auto meanX = inside(x), meanY = inside(y);
    const cv::Mat varianceX = inside(x.mul(x)) - meanX.mul(meanX);
    const cv::Mat varianceY = inside(y.mul(y)) - meanY.mul(meanY);
    const cv::Mat covariance = inside(x.mul(y)) - meanX.mul(meanY);
    const auto ones = cv::Scalar::all(1);
    const cv::Mat above = cv::Mat(2 * meanX.mul(meanY) + c1 * ones).mul(cv::Mat(2 * covariance + c2 * ones));
    const cv::Mat below =
        cv::Mat(meanX.mul(meanX) + meanY.mul(meanY) + c1 * ones).mul(cv::Mat(varianceX + varianceY + c2 * ones));
    const auto means = cv::mean(above / below);
    return (means[0] + means[1] + means[2]) / 3;
}

double changeOutside(const Image& a, const Image& b, GridSize grid, const std::vector<std::int64_t>& cells)
{
    requireSameSize(a, b, 1);
    std::vector<bool> inside(static_cast<std::size_t>(grid.count()), false);
    for (const auto cell : cells)
        inside.at(static_cast<std::size_t>(cell)) = true;
    const auto width = a.size.width, height = a.size.height;
    std::int64_t sum = 0, pixels = 0;
    for (std::int64_t y = 0; y < height; ++y) {
        const auto row = (2 * y + 1) * grid.rows / (2 * height); // of the pixel's centre
        for (std::int64_t x = 0; x < width; ++x) {
            const auto col = (2 * x + 1) * grid.cols / (2 * width);
            if (inside[static_cast<std::size_t>(row * grid.cols + col)])
                continue;
            ++pixels;
            for (std::int64_t channel = 0; channel < 3; ++channel) {
                const auto at = static_cast<std::size_t>(3 * (y * width + x) + channel);
                sum += std::abs(int(a.rgb[at]) - int(b.rgb[at]));
            }
        }
    }
    return pixels == 0 ? 0 : static_cast<double>(sum) / (255.0 * 3 * static_cast<double>(pixels));
}

} // namespace nanodit
