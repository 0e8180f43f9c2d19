#include "core/inspect/feature_grid.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

namespace nanodit {

namespace {

double lengthOf(std::span<const float> row)
{
    return std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
}

float medianOf(std::vector<float> values)
{
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

} // namespace

UnitFeatures::UnitFeatures(const FeatureGrid& features)
    : grid_(features.grid)
    , width_(features.width)
    , byChannel_(features.values.size())
{
    const auto count = grid_.count();
    for (std::int64_t i = 0; i < count; ++i) {
        const auto row = features.patch(i);
        const auto length = lengthOf(row);
        const auto factor = length > 0 ? static_cast<float>(1 / length) : 0.f;
        for (std::int64_t channel = 0; channel < width_; ++channel)
            byChannel_[static_cast<std::size_t>(channel * count + i)] = row[static_cast<std::size_t>(channel)] * factor;
    }
}

std::vector<float> UnitFeatures::direction(GridCell cell) const
{
    std::vector<float> row(static_cast<std::size_t>(width_));
    const auto index = cell.row * grid_.cols + cell.col;
    for (std::int64_t channel = 0; channel < width_; ++channel)
        row[static_cast<std::size_t>(channel)] = byChannel_[static_cast<std::size_t>(channel * grid_.count() + index)];
    return row;
}

ScalarGrid UnitFeatures::cosines(std::span<const float> direction) const
{
    if (static_cast<std::int64_t>(direction.size()) != width_)
        throw UsageError("a patch of " + std::to_string(direction.size()) +
                         " values cannot be compared with patches of " + std::to_string(width_) +
                         ": they come from different encoders");
    ScalarGrid result{.grid = grid_, .values = std::vector<float>(static_cast<std::size_t>(grid_.count()), 0.f)};
    const auto count = result.values.size();
    auto* const sums = result.values.data();
    for (std::size_t channel = 0; channel < direction.size(); ++channel) { // the inner loop is one that vectorises
        const float factor = direction[channel];
        const auto* const row = byChannel_.data() + channel * count;
        for (std::size_t i = 0; i < count; ++i)
            sums[i] += factor * row[i];
    }
    for (auto& value : result.values)
        value = std::clamp(value, -1.f, 1.f); // rounding
    return result;
}

ScalarGrid cosineToCls(const FeatureGrid& features)
{
    if (features.cls.empty())
        throw UsageError("the CLS token of this picture is missing: run the pass dinov3");
    const auto length = lengthOf(features.cls);
    std::vector<float> direction = features.cls;
    for (auto& value : direction)
        value = length > 0 ? static_cast<float>(value / length) : 0.f;
    return UnitFeatures(features).cosines(direction);
}

ScalarGrid patchNorms(const FeatureGrid& features)
{
    ScalarGrid norms{.grid = features.grid, .values = {}};
    for (std::int64_t i = 0; i < features.grid.count(); ++i)
        norms.values.push_back(static_cast<float>(lengthOf(features.patch(i))));
    return norms;
}

std::vector<bool> outliers(const ScalarGrid& norms, double deviations)
{
    std::vector<bool> found(norms.values.size(), false);
    if (norms.values.empty())
        return found;
    const auto median = medianOf(norms.values);
    std::vector<float> distances;
    for (const auto norm : norms.values)
        distances.push_back(std::abs(norm - median));
    const double limit = median + deviations * 1.4826 * medianOf(distances);
    for (std::size_t i = 0; i < found.size(); ++i)
        found[i] = norms.values[i] > limit;
    return found;
}

GridCell cellOfLargest(const ScalarGrid& grid)
{
    const auto index = std::max_element(grid.values.begin(), grid.values.end()) - grid.values.begin();
    return {.row = index / grid.grid.cols, .col = index % grid.grid.cols};
}

} // namespace nanodit
