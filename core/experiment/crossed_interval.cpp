#include "core/experiment/model_numbers.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <random>

namespace nanodit {

Interval crossedInterval(const std::vector<std::vector<double>>& bySeed, int resamples)
{
    const auto seeds = bySeed.size(), units = seeds == 0 ? 0 : bySeed.front().size();
    const bool even = std::ranges::all_of(bySeed, [units](const auto& row) { return row.size() == units; });
    if (units == 0 || !even || resamples < 2)
        throw UsageError("an interval over seeds and pictures needs the same pictures of every seed");
    std::mt19937_64 random(0);
    std::vector<double> means(static_cast<std::size_t>(resamples));
    std::vector<std::size_t> drawn(units);
    for (auto& mean : means) {
        for (auto& unit : drawn)
            unit = random() % units; // the bias of the remainder is below units / 2^64
        double sum = 0;
        for (std::size_t i = 0; i < seeds; ++i) {
            const auto& row = bySeed[random() % seeds];
            for (const auto unit : drawn)
                sum += row[unit];
        }
        mean = sum / static_cast<double>(seeds * units);
    }
    std::sort(means.begin(), means.end());
    return {quantileOf(means, 0.025), quantileOf(means, 0.975)};
}

} // namespace nanodit
