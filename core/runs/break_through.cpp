#include "core/runs/break_through.h"

#include <vector>

namespace nanodit {

namespace {

constexpr double leastContribution = 0.25, largestPartOfEven = 0.5;
constexpr std::int64_t leastMeasurements = 2;

/// False for numbers that are missing.
bool placesByPatches(const BlockAttention& block)
{
    return block.patchesAdd > leastContribution && block.alignment < largestPartOfEven * block.evenAlignment;
}

} // namespace

std::optional<BreakThrough> patchBreakThrough(std::span<const StepMetrics> steps)
{
    struct Stretch {
        std::int64_t begin = 0, measurements = 0;
    };
    std::vector<Stretch> stretches; // by block, of measurements that agree up to now
    for (const auto& step : steps) {
        if (step.attention.empty())
            continue;
        stretches.resize(step.attention.size());
        for (std::size_t i = 0; i < stretches.size(); ++i) {
            auto& stretch = stretches[i];
            if (!placesByPatches(step.attention[i]))
                stretch = {};
            else if (stretch.measurements++ == 0)
                stretch.begin = step.step;
        }
    }
    std::optional<BreakThrough> first;
    for (std::size_t i = 0; i < stretches.size(); ++i) {
        if (stretches[i].measurements >= leastMeasurements && (!first || stretches[i].begin < first->step))
            first = {.step = stretches[i].begin, .block = static_cast<std::int64_t>(i)};
    }
    return first;
}

} // namespace nanodit
