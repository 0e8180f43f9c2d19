#include "core/experiment/model_numbers.h"

#include <algorithm>
#include <set>
#include <utility>

namespace nanodit {

namespace {

using Rows = std::vector<std::vector<double>>; ///< [seeds][units]

/// Which arms are compared, in the order of the questions.
constexpr std::array<std::array<const char*, 2>, 10> pairsAsked = {{{"cls", "patches-rope-prior"},
                                                                    {"cls", "patches-rope"},
                                                                    {"cls", "patches-prior"},
                                                                    {"cls", "patches-sincos"},
                                                                    {"patches-sincos", "patches-rope"},
                                                                    {"patches-rope", "patches-rope-prior"},
                                                                    {"patches-prior", "patches-rope-prior"},
                                                                    {"patches-rope-prior", "patches-rope-prior-holes"},
                                                                    {"patches-rope-prior", "misaligned"},
                                                                    {"cls", "misaligned"}}};

std::vector<const ModelNumbers*> modelsOf(const std::vector<ModelNumbers>& models, const std::string& arm)
{
    std::vector<const ModelNumbers*> found;
    for (const auto& model : models) {
        if (model.arm == arm)
            found.push_back(&model);
    }
    std::ranges::sort(found, {}, &ModelNumbers::seed);
    return found;
}

/// Units that every one of them has measured.
std::vector<std::string> commonUnits(const std::vector<const ModelNumbers*>& models, const std::string& measure)
{
    std::map<std::string, std::size_t> counts;
    for (const auto* const model : models) {
        if (const auto found = model->values.find(measure); found != model->values.end()) {
            for (const auto& [unit, value] : found->second)
                ++counts[unit];
        }
    }
    std::vector<std::string> units;
    for (const auto& [unit, count] : counts) {
        if (count == models.size())
            units.push_back(unit);
    }
    return units;
}

Rows rowsOf(const std::vector<const ModelNumbers*>& models, const std::string& measure,
            const std::vector<std::string>& units)
{
    Rows rows;
    for (const auto* const model : models) {
        auto& row = rows.emplace_back();
        for (const auto& unit : units)
            row.push_back(model->values.at(measure).at(unit));
    }
    return rows;
}

double meanOf(const std::vector<double>& values)
{
    double sum = 0;
    for (const auto value : values)
        sum += value;
    return sum / static_cast<double>(values.size());
}

std::vector<double> meansOf(const Rows& rows)
{
    std::vector<double> means;
    for (const auto& row : rows)
        means.push_back(meanOf(row));
    return means;
}

std::optional<ArmNumber> numberOf(const std::vector<ModelNumbers>& models, const std::string& arm,
                                  const std::string& measure)
{
    const auto own = modelsOf(models, arm);
    const auto units = commonUnits(own, measure);
    if (units.empty())
        return std::nullopt;
    const auto rows = rowsOf(own, measure, units);
    ArmNumber number{.arm = arm,
                     .measure = measure,
                     .mean = 0,
                     .interval = crossedInterval(rows),
                     .bySeed = meansOf(rows),
                     .units = static_cast<std::int64_t>(units.size())};
    number.mean = meanOf(number.bySeed);
    return number;
}

std::optional<ArmDifference> differenceOf(const std::vector<ModelNumbers>& models, const std::string& first,
                                          const std::string& other, const ExperimentMeasure& measure)
{
    const auto before = modelsOf(models, first), after = modelsOf(models, other);
    auto both = before;
    both.insert(both.end(), after.begin(), after.end());
    const auto units = commonUnits(both, measure.name);
    if (units.empty() || before.size() != after.size())
        return std::nullopt;
    const auto a = rowsOf(before, measure.name, units), b = rowsOf(after, measure.name, units);
    auto pairs = b;
    for (std::size_t i = 0; i < pairs.size(); ++i) {
        for (std::size_t k = 0; k < units.size(); ++k)
            pairs[i][k] -= a[i][k];
    }
    ArmDifference line{.first = first,
                       .other = other,
                       .measure = measure.name,
                       .firstMean = meanOf(meansOf(a)),
                       .otherMean = meanOf(meansOf(b)),
                       .difference = 0,
                       .interval = crossedInterval(pairs),
                       .bySeed = meansOf(pairs),
                       .units = static_cast<std::int64_t>(units.size()),
                       .gain = {},
                       .verdict = 0};
    line.difference = line.otherMean - line.firstMean;
    if (measure.better) {
        const double better = *measure.better == Better::Lower ? -line.difference : line.difference;
        if (line.firstMean != 0)
            line.gain = better / std::abs(line.firstMean);
        if (line.interval.low > 0 || line.interval.high < 0)
            line.verdict = better > 0 ? 1 : -1;
    }
    return line;
}

/// Those of the questions; of a sweep, the first arm with each of the others.
std::vector<std::array<std::string, 2>> pairsOf(const ExperimentReport& report)
{
    std::vector<std::array<std::string, 2>> pairs;
    if (report.sweep.empty()) {
        for (const auto& [first, other] : pairsAsked)
            pairs.push_back({first, other});
    }
    for (std::size_t i = 1; i < report.sweep.size(); ++i)
        pairs.push_back({report.sweep.front().name, report.sweep[i].name});
    return pairs;
}

} // namespace

void compareArms(const std::vector<ModelNumbers>& models, ExperimentReport& report)
{
    std::set<std::string> arms;
    for (const auto& model : models)
        arms.insert(model.arm);
    for (const auto& arm : report.sweep.empty() ? patchesVsClsArms() : report.sweep) {
        for (const auto& measure : experimentMeasures()) {
            if (auto number = numberOf(models, arm.name, measure.name))
                report.numbers.push_back(std::move(*number));
        }
    }
    for (const auto& [first, other] : pairsOf(report)) {
        if (!arms.contains(first) || !arms.contains(other))
            continue;
        for (const auto& measure : experimentMeasures()) {
            if (auto line = differenceOf(models, first, other, measure))
                report.differences.push_back(std::move(*line));
        }
    }
}

const ExperimentArm& ExperimentReport::arm(const std::string& name) const
{
    const auto found = std::ranges::find(sweep, name, &ExperimentArm::name);
    return found == sweep.end() ? experimentArm(name) : *found;
}

const ArmNumber* ExperimentReport::find(const std::string& arm, const std::string& measure) const
{
    for (const auto& number : numbers) {
        if (number.arm == arm && number.measure == measure)
            return &number;
    }
    return nullptr;
}

const ArmDifference* ExperimentReport::find(const std::string& first, const std::string& other,
                                            const std::string& measure) const
{
    for (const auto& line : differences) {
        if (line.first == first && line.other == other && line.measure == measure)
            return &line;
    }
    return nullptr;
}

} // namespace nanodit
