#include "core/encoders/resize.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace nanodit {

namespace {

double triangle(double x)
{
    return std::max(0.0, 1 - std::abs(x));
}

/// Keys' cubic convolution with a = -1/2.
double cubic(double x)
{
    constexpr double a = -0.5;
    x = std::abs(x);
    if (x < 1)
        return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/// For each output position along one axis: the input positions that it is mixed of, with weights in fixed point.
struct FixedPointWeights {
    struct Window {
        std::int64_t first = 0;
        std::vector<std::int32_t> weights;
    };
    std::vector<Window> windows;
    int fractionBits = 0;
};

FixedPointWeights fixedPointWeights(std::int64_t inputs, std::int64_t outputs, ResizeFilter filter)
{
    const double scale = double(inputs) / double(outputs);
    const double stretch =
        std::max(scale, 1.0); // when shrinking, the filter covers as much of the input as an output does
    const double support = (filter == ResizeFilter::Bicubic ? 2.0 : 1.0) * stretch;

    FixedPointWeights result;
    std::vector<std::vector<double>> exact;
    double largest = 0;
    for (std::int64_t i = 0; i < outputs; ++i) {
        const double centre = scale * (double(i) + 0.5);
        const auto first = std::max<std::int64_t>(std::int64_t(centre - support + 0.5), 0);
        const auto end = std::min(std::int64_t(centre + support + 0.5), inputs);
        std::vector<double> weights;
        double sum = 0;
        for (auto j = first; j < end; ++j) {
            const double x = (double(j) - centre + 0.5) / stretch;
            weights.push_back(filter == ResizeFilter::Bicubic ? cubic(x) : triangle(x));
            sum += weights.back();
        }
        for (auto& weight : weights) {
            weight = sum != 0 ? weight / sum : weight;
            largest = std::max(largest, weight);
        }
        result.windows.push_back({first, {}});
        exact.push_back(std::move(weights));
    }
    // As many fraction bits as let the largest weight fit into 16 bits with its sign.
    while (result.fractionBits < 22 && std::int64_t(0.5 + largest * double(1 << (result.fractionBits + 1))) < (1 << 15))
        ++result.fractionBits;
    for (std::size_t i = 0; i < exact.size(); ++i) {
        for (const double weight : exact[i])
            result.windows[i].weights.push_back(
                std::int32_t(std::trunc(weight * double(1 << result.fractionBits) + (weight < 0 ? -0.5 : 0.5))));
    }
    return result;
}

/// Resizes one axis: `planes` x `inputs` x `inner` bytes -> `planes` x outputs x `inner` bytes.
at::Tensor resizeAxis(const at::Tensor& image, std::int64_t axis, std::int64_t outputs, ResizeFilter filter)
{
    const auto inputs = image.size(axis);
    if (inputs == outputs)
        return image;
    const auto table = fixedPointWeights(inputs, outputs, filter);
    auto sizes = image.sizes().vec();
    sizes[std::size_t(axis)] = outputs;
    auto result = at::empty(sizes, image.options());
    const auto source = image.contiguous();
    std::int64_t inner = 1;
    for (auto i = axis + 1; i < image.dim(); ++i)
        inner *= image.size(i);
    const auto planes = source.numel() / std::max<std::int64_t>(1, inputs * inner);
    const auto* from = source.data_ptr<std::uint8_t>();
    auto* to = result.data_ptr<std::uint8_t>();
    at::parallel_for(0, planes * outputs, 64, [&](std::int64_t begin, std::int64_t end) {
        for (auto row = begin; row < end; ++row) {
            const auto& window = table.windows[std::size_t(row % outputs)];
            const auto* const first = from + ((row / outputs) * inputs + window.first) * inner;
            for (std::int64_t column = 0; column < inner; ++column) {
                std::int32_t sum = 1 << (table.fractionBits - 1);
                const auto* at = first + column;
                for (const auto weight : window.weights) {
                    sum += weight * std::int32_t(*at);
                    at += inner;
                }
                to[row * inner + column] = std::uint8_t(std::clamp(sum >> table.fractionBits, 0, 255));
            }
        }
    });
    return result;
}

} // namespace

at::Tensor resizeImage(const at::Tensor& image, ImageSize size, ResizeFilter filter)
{
    if (image.size(-2) == size.height && image.size(-1) == size.width)
        return image;
    const std::vector<std::int64_t> target = {size.height, size.width};
    if (filter == ResizeFilter::NearestExact)
        return at::_upsample_nearest_exact2d(image, target);
    if (image.scalar_type() == at::kByte)
        return resizeAxis(resizeAxis(image, 3, size.width, filter), 2, size.height, filter);
    return filter == ResizeFilter::Bilinear ? at::_upsample_bilinear2d_aa(image, target, /*align_corners=*/false)
                                            : at::_upsample_bicubic2d_aa(image, target, /*align_corners=*/false);
}

} // namespace nanodit
