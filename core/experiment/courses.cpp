#include "core/experiment/model_numbers.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

constexpr std::int64_t stepsOfPoint = 50;

struct Sum {
    double value = 0, weight = 0;
};

/// What a step says of a measure, and how much it counts; a weight of 0 for nothing.
Sum valueOf(const StepMetrics& step, const std::string& measure)
{
    if (measure == "attention.alignment") {
        Sum sum;
        for (const auto& block : step.attention) {
            if (std::isfinite(block.alignment)) {
                sum.value += block.alignment;
                ++sum.weight;
            }
        }
        return sum;
    }
    const auto category = static_cast<std::size_t>(
        std::ranges::find_if(dropNames, [&](const char* name) { return measure == std::string("loss.") + name; }) -
        dropNames.begin());
    const auto samples = static_cast<double>(step.samplesByDrop.at(category));
    const auto loss = step.lossByDrop.at(category);
    return samples > 0 && std::isfinite(loss) ? Sum{.value = loss * samples, .weight = samples} : Sum{};
}

} // namespace

std::vector<ArmCourse> coursesOf(const std::string& arm, const std::vector<std::vector<StepMetrics>>& trainings)
{
    std::vector<ArmCourse> courses;
    for (const auto* const measure : {"loss.none", "loss.dino", "attention.alignment"}) {
        std::map<std::int64_t, Sum> stretches;
        for (const auto& training : trainings) {
            for (const auto& step : training) {
                const auto value = valueOf(step, measure);
                auto& sum = stretches[(step.step + stepsOfPoint - 1) / stepsOfPoint * stepsOfPoint];
                sum.value += value.value;
                sum.weight += value.weight;
            }
        }
        ArmCourse course{.arm = arm, .measure = measure, .points = {}};
        for (const auto& [step, sum] : stretches) {
            if (sum.weight > 0)
                course.points.push_back({.step = step, .mean = sum.value / sum.weight});
        }
        if (!course.points.empty())
            courses.push_back(std::move(course));
    }
    return courses;
}

} // namespace nanodit
