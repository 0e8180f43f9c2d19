#include "core/validate/picture_metrics.h"

#include "core/runtime/error.h"

#include <opencv2/imgproc.hpp>

#include <cmath>
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

} // namespace nanodit
