#include "core/inspect/place_field.h"

#include "core/inspect/grid_view.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

namespace nanodit {

namespace {

constexpr std::int64_t waves = placeWaves * placeWaves;

/// cos(pi i x) for i < placeWaves at the centre of each of `cells` cells along a side: [cells, placeWaves].
std::vector<std::array<float, placeWaves>> sideWaves(std::int64_t cells)
{
    std::vector<std::array<float, placeWaves>> result(static_cast<std::size_t>(cells));
    for (std::int64_t cell = 0; cell < cells; ++cell) {
        const double x = (static_cast<double>(cell) + 0.5) / static_cast<double>(cells);
        for (std::int64_t i = 0; i < placeWaves; ++i)
            result[static_cast<std::size_t>(cell)][static_cast<std::size_t>(i)] =
                static_cast<float>(std::cos(std::numbers::pi * static_cast<double>(i) * x));
    }
    return result;
}

/// The cosines at every cell of a grid: [rows * cols, 36].
at::Tensor placeWavesOf(GridSize grid)
{
    const auto down = sideWaves(grid.rows);
    const auto across = sideWaves(grid.cols);
    auto result = at::empty({grid.count(), waves}, at::kFloat);
    auto* out = result.data_ptr<float>();
    for (const auto& y : down) {
        for (const auto& x : across) {
            for (const float a : y) {
                for (const float b : x)
                    *out++ = a * b;
            }
        }
    }
    return result;
}

void checkFieldWidth(std::int64_t field, std::int64_t features)
{
    if (field != features)
        throw UsageError("a place field of " + std::to_string(field) + " values cannot be taken from patches of " +
                         std::to_string(features) + ": they come from different encoders");
}

} // namespace

FeatureGrid withoutPlace(const PlaceField& field, FeatureGrid features)
{
    const at::NoGradGuard noGradient;
    checkFieldWidth(field.width, features.width);
    const auto coefficients =
        at::from_blob(const_cast<float*>(field.coefficients.data()), {waves, field.width}, at::kFloat);
    const auto place = placeWavesOf(features.grid);
    viewOf(features).sub_(at::mm(place.narrow(1, 1, waves - 1), coefficients.narrow(0, 1, waves - 1)));
    return features;
}

struct PlaceFit::State {
    std::int64_t width = 0, pictures = 0;
    double patches = 0;
    at::Tensor normal, moments; ///< W'W [36, 36] and W'X [36, D], float64.
    at::Tensor sum;             ///< [D]
    double squares = 0;
};

PlaceFit::PlaceFit()
    : state_(std::make_unique<State>())
{
}

PlaceFit::~PlaceFit() = default;

void PlaceFit::add(const FeatureGrid& features)
{
    const at::NoGradGuard noGradient;
    auto& s = *state_;
    if (s.pictures == 0) {
        s.width = features.width;
        s.normal = at::zeros({waves, waves}, at::kDouble);
        s.moments = at::zeros({waves, s.width}, at::kDouble);
        s.sum = at::zeros({s.width}, at::kDouble);
    }
    checkFieldWidth(s.width, features.width);
    const auto place = placeWavesOf(features.grid);
    const auto x = viewOf(features);
    s.normal += at::mm(place.t(), place).to(at::kDouble);
    s.moments += at::mm(place.t(), x).to(at::kDouble);
    s.sum += x.sum(0, false, at::kDouble);
    s.squares += x.square().sum(at::kDouble).item<double>();
    s.patches += static_cast<double>(features.grid.count());
    ++s.pictures;
}

PlaceField PlaceFit::solve() const
{
    const at::NoGradGuard noGradient;
    const auto& s = *state_;
    if (s.pictures == 0)
        throw UsageError("no picture has patches to fit a place field on: run the pass dinov3");
    // Grids with fewer than 6 cells along a side cannot tell the fast cosines apart: a small ridge decides.
    const auto ridge = at::eye(waves, at::kDouble) * (1e-6 * s.patches);
    const auto coefficients = at::mm(at::linalg_pinv(s.normal + ridge), s.moments);

    PlaceField field{.width = s.width, .coefficients = {}, .pictures = s.pictures};
    // Sum of squares of W c, about the overall mean.
    const auto mean = s.sum / s.patches;
    const double meanSquares = mean.square().sum().item<double>() * s.patches;
    const double explained = (coefficients * at::mm(s.normal, coefficients)).sum().item<double>() - meanSquares;
    const double total = s.squares - meanSquares;
    field.share = total > 0 ? std::clamp(explained / total, 0.0, 1.0) : 0.0;
    const auto floats = coefficients.to(at::kFloat).contiguous();
    field.coefficients.assign(floats.data_ptr<float>(), floats.data_ptr<float>() + floats.numel());
    return field;
}

} // namespace nanodit
