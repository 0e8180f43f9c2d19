#include "core/encoders/resize.h"

#include "core/io/cubic.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

double triangle(double x)
{
    return std::max(0.0, 1 - std::abs(x));
}

double sinc(double x)
{
    return x == 0 ? 1 : std::sin(std::numbers::pi * x) / (std::numbers::pi * x);
}

double lanczos(double x)
{
    return std::abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0;
}

/// For each output position along one axis: the input positions that it is mixed of.
struct Window {
    std::int64_t first = 0;
    std::vector<double> weights; ///< Their sum is 1.
};

std::vector<Window> windowsOf(std::int64_t inputs, std::int64_t outputs, ResizeFilter filter)
{
    const auto kernel = filter == ResizeFilter::Lanczos   ? lanczos
                        : filter == ResizeFilter::Bicubic ? keysCubic
                                                          : triangle;
    const double reach = filter == ResizeFilter::Lanczos ? 3 : filter == ResizeFilter::Bicubic ? 2 : 1;
    const double scale = double(inputs) / double(outputs);
    const double stretch =
        std::max(scale, 1.0); // when shrinking, the filter covers as much of the input as an output does
    std::vector<Window> windows;
    for (std::int64_t i = 0; i < outputs; ++i) {
        const double centre = scale * (double(i) + 0.5);
        Window window{.first = std::max<std::int64_t>(std::int64_t(centre - reach * stretch + 0.5), 0), .weights = {}};
        const auto end = std::min(std::int64_t(centre + reach * stretch + 0.5), inputs);
        double sum = 0;
        for (auto j = window.first; j < end; ++j) {
            window.weights.push_back(kernel((double(j) - centre + 0.5) / stretch));
            sum += window.weights.back();
        }
        for (auto& weight : window.weights)
            weight = sum != 0 ? weight / sum : weight;
        windows.push_back(std::move(window));
    }
    return windows;
}

/// The same with weights as whole numbers of 2^-fractionBits.
struct FixedPointWindows {
    struct Window {
        std::int64_t first = 0;
        std::vector<std::int32_t> weights;
    };
    std::vector<Window> windows;
    int fractionBits = 0;
};

FixedPointWindows fixedPoint(const std::vector<Window>& exact)
{
    double largest = 0;
    for (const auto& window : exact) {
        for (const double weight : window.weights)
            largest = std::max(largest, weight);
    }
    // As many fraction bits as let the largest weight fit into 16 bits with its sign.
    FixedPointWindows result;
    while (result.fractionBits < 22 && std::int64_t(0.5 + largest * double(1 << (result.fractionBits + 1))) < (1 << 15))
        ++result.fractionBits;
    for (const auto& window : exact) {
        result.windows.push_back({window.first, {}});
        for (const double weight : window.weights)
            result.windows.back().weights.push_back(
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
    const auto table = fixedPoint(windowsOf(inputs, outputs, filter));
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

/// What windows do to floats, as a matrix [outputs, inputs].
at::Tensor matrixOf(const std::vector<Window>& windows, std::int64_t inputs)
{
    auto matrix = at::zeros({std::int64_t(windows.size()), inputs}, at::kFloat);
    auto* row = matrix.data_ptr<float>();
    for (const auto& window : windows) {
        for (std::size_t j = 0; j < window.weights.size(); ++j)
            row[std::size_t(window.first) + j] = float(window.weights[j]);
        row += inputs;
    }
    return matrix;
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
    if (filter == ResizeFilter::Lanczos) { // which LibTorch learnt late
        const auto across = matrixOf(windowsOf(image.size(3), size.width, filter), image.size(3));
        const auto down = matrixOf(windowsOf(image.size(2), size.height, filter), image.size(2));
        return at::matmul(down, at::matmul(image, across.t()));
    }
    return filter == ResizeFilter::Bilinear ? at::_upsample_bilinear2d_aa(image, target, /*align_corners=*/false)
                                            : at::_upsample_bicubic2d_aa(image, target, /*align_corners=*/false);
}

} // namespace nanodit
