#include "core/runs/break_through.h"

#include <cmath>

namespace nanodit {

namespace {

constexpr std::int64_t stretchSteps = 50, leastStretches = 2;
constexpr std::int64_t leastSamples = 20; ///< Of each kind: a stretch with fewer says nothing.
constexpr double largestRatio = 0.85;
constexpr std::size_t nothing = 0, dino = 2; ///< In dropNames.

} // namespace

void PatchBreakThrough::append(const StepMetrics& step)
{
    const auto number = (step.step - 1) / stretchSteps;
    const bool again = step.step <= last_;
    while (!stretches_.empty() && (stretches_.back().number > number || (again && stretches_.back().number == number)))
        stretches_.pop_back();
    last_ = step.step;
    if (stretches_.empty() || stretches_.back().number != number)
        stretches_.push_back({.number = number});
    auto& stretch = stretches_.back();
    stretch.patches = stretch.patches || std::isfinite(step.gradNormPatchProj);
    const auto add = [&step](std::size_t drop, double& sum, std::int64_t& samples) {
        if (step.samplesByDrop[drop] == 0 || !std::isfinite(step.lossByDrop[drop]))
            return;
        sum += step.lossByDrop[drop] * static_cast<double>(step.samplesByDrop[drop]);
        samples += step.samplesByDrop[drop];
    };
    add(nothing, stretch.kept, stretch.keptSamples);
    add(dino, stretch.dropped, stretch.droppedSamples);
}

std::optional<std::int64_t> PatchBreakThrough::step() const
{
    std::optional<std::int64_t> first;
    std::int64_t agreeing = 0;
    for (const auto& stretch : stretches_) {
        if (stretch.keptSamples < leastSamples || stretch.droppedSamples < leastSamples)
            continue;
        const double kept = stretch.kept / static_cast<double>(stretch.keptSamples),
                     dropped = stretch.dropped / static_cast<double>(stretch.droppedSamples);
        if (!stretch.patches || kept > largestRatio * dropped)
            agreeing = 0;
        else if (agreeing++ == 0)
            first = stretch.number * stretchSteps + 1;
    }
    return agreeing >= leastStretches ? first : std::nullopt;
}

std::optional<std::int64_t> patchBreakThrough(std::span<const StepMetrics> steps)
{
    PatchBreakThrough found;
    for (const auto& step : steps)
        found.append(step);
    return found.step();
}

} // namespace nanodit
