#include "core/validate/bootstrap.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace nanodit {

double quantileOf(std::span<const double> sorted, double share)
{
    const double place = share * static_cast<double>(sorted.size() - 1);
    const auto below = static_cast<std::size_t>(place);
    const auto above = std::min(below + 1, sorted.size() - 1);
    return sorted[below] + (place - std::floor(place)) * (sorted[above] - sorted[below]);
}

Interval bootstrapInterval(std::span<const double> values, double confidence, std::uint64_t seed, int resamples)
{
    if (values.empty() || !(confidence > 0 && confidence < 1) || resamples < 2)
        throw UsageError("a confidence interval needs values, a confidence between 0 and 1 and two resamples or more");
    std::mt19937_64 random(seed);
    const auto count = static_cast<std::uint64_t>(values.size());
    std::vector<double> means(static_cast<std::size_t>(resamples));
    for (auto& mean : means) {
        double sum = 0;
        for (std::uint64_t i = 0; i < count; ++i)
            sum += values[random() % count]; // the bias of the remainder is below count / 2^64
        mean = sum / static_cast<double>(count);
    }
    std::sort(means.begin(), means.end());
    return {quantileOf(means, (1 - confidence) / 2), quantileOf(means, (1 + confidence) / 2)};
}

} // namespace nanodit
