#include "core/inspect/knock_out.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <random>
#include <set>
#include <utility>

namespace nanodit {

namespace {

constexpr double wholeColumn = 1 - 1e-9; ///< Parts that were added up are not exactly 1.

double sumOver(std::span<const double> mass, std::span<const std::int64_t> tokens)
{
    return std::accumulate(tokens.begin(), tokens.end(), 0.0, [mass](double sum, std::int64_t token) {
        return sum + mass[static_cast<std::size_t>(token)];
    });
}

} // namespace

at::Tensor biasWithout(const ContextLayout& layout, const at::Tensor& bias, at::Device device,
                       std::span<const std::int64_t> shownTokens)
{
    const auto columns = layout.textColumns + 1 + layout.patchColumns;
    const auto options = at::TensorOptions(at::kFloat);
    auto result =
        bias.defined() ? bias.detach().to(at::kCPU, at::kFloat, false, true) : at::zeros({1, columns}, options);
    for (const auto& [column, part] : layout.columnsOf(shownTokens))
        result[0][column] += part >= wholeColumn ? -std::numeric_limits<double>::infinity() : std::log1p(-part);
    if (!(result.max().item<double>() > -std::numeric_limits<double>::infinity()))
        throw UsageError("without these tokens the model would see nothing at all: leave out fewer of them");
    return result.to(device);
}

std::vector<std::int64_t> tokensOfEqualMass(std::span<const double> mass, std::span<const std::int64_t> tokens,
                                            std::uint64_t seed)
{
    const std::set<std::int64_t> taken(tokens.begin(), tokens.end());
    std::vector<std::int64_t> others;
    for (std::int64_t token = 0; token < static_cast<std::int64_t>(mass.size()); ++token) {
        if (mass[static_cast<std::size_t>(token)] > 0 && !taken.contains(token))
            others.push_back(token);
    }
    std::mt19937_64 random(seed);
    for (std::size_t i = others.size(); i > 1; --i) // Fisher and Yates: std::shuffle differs between libraries
        std::swap(others[i - 1], others[static_cast<std::size_t>(random() % i)]);
    const double wanted = sumOver(mass, tokens);
    std::vector<std::int64_t> control;
    double sum = 0;
    for (const auto token : others) {
        const double next = sum + mass[static_cast<std::size_t>(token)];
        if (std::abs(next - wanted) >= std::abs(sum - wanted))
            continue;
        sum = next;
        control.push_back(token);
    }
    std::ranges::sort(control);
    return control;
}

double correlation(std::span<const float> a, std::span<const float> b)
{
    const auto n = static_cast<double>(a.size());
    const double meanA = std::accumulate(a.begin(), a.end(), 0.0) / n;
    const double meanB = std::accumulate(b.begin(), b.end(), 0.0) / n;
    double ab = 0, aa = 0, bb = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        ab += (a[i] - meanA) * (b[i] - meanB);
        aa += (a[i] - meanA) * (a[i] - meanA);
        bb += (b[i] - meanB) * (b[i] - meanB);
    }
    return aa > 0 && bb > 0 ? ab / std::sqrt(aa * bb) : std::numeric_limits<double>::quiet_NaN();
}

} // namespace nanodit
