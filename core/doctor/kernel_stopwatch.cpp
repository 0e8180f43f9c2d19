#include "core/doctor/kernel_stopwatch.h"

#include "core/runtime/elapsed.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

namespace nanodit {

double KernelTime::best() const
{
    return seconds.empty() ? 0 : *std::min_element(seconds.begin(), seconds.end());
}

KernelTime KernelStopwatch::time(const std::string& what, const std::string& shape, double operations,
                                 const std::function<at::Tensor()>& run)
{
    KernelTime measured{.what = what, .shape = shape, .operations = operations, .seconds = {}};
    for (std::int64_t i = 0; i <= repetitions_ && !stopped(); ++i) {
        const auto start = std::chrono::steady_clock::now();
        const at::Tensor result = run();
        if (!compute_.device.is_cpu())
            result.flatten()[0].to(at::kFloat).item<float>();
        if (i > 0)
            measured.seconds.push_back(secondsSince(start));
        meter_.advance();
    }
    return measured;
}

KernelTime KernelStopwatch::timeProduct()
{
    constexpr std::int64_t side = 2048;
    const auto options = at::TensorOptions(productType(compute_)).device(compute_.device);
    const auto a = at::randn({side, side}, options), b = at::randn({side, side}, options);
    return time("product of matrices", joinedSizes({side, side, side}), 2.0 * side * side * side,
                [&] { return at::mm(a, b); });
}

at::ScalarType productType(const Compute& compute)
{
    return compute.precision == Precision::Bf16 ? at::kBFloat16 : at::kFloat;
}

std::string joinedSizes(std::initializer_list<std::int64_t> sizes)
{
    std::string text;
    for (const auto size : sizes)
        text += (text.empty() ? "" : " x ") + std::to_string(size);
    return text;
}

} // namespace nanodit
