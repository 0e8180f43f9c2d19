#include "core/inspect/patch_basis.h"

#include "core/inspect/grid_view.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

namespace nanodit {

namespace {

constexpr double smallestSide = 0.02; ///< Of all patches, for foreground and background to be told apart.
constexpr int histogramBins = 512;

at::Tensor viewOf(const std::vector<float>& values, std::int64_t rows, std::int64_t cols)
{
    return at::from_blob(const_cast<float*>(values.data()), {rows, cols}, at::kFloat);
}

void checkBasisWidth(std::int64_t basis, std::int64_t features)
{
    if (basis != features)
        throw UsageError("a basis of " + std::to_string(basis) + " values does not fit patches of " +
                         std::to_string(features) + ": they come from different encoders");
}

std::vector<float> floatsOf(const at::Tensor& tensor)
{
    const auto floats = tensor.to(at::kFloat).contiguous();
    return {floats.data_ptr<float>(), floats.data_ptr<float>() + floats.numel()};
}

/// Sum and second moments of rows, taken about the first picture's mean so that float64 sums do not cancel.
class Moments {
public:
    void add(const at::Tensor& rows)
    {
        if (!origin_.defined()) {
            origin_ = rows.mean(0);
            sum_ = at::zeros({rows.size(1)}, at::kDouble);
            products_ = at::zeros({rows.size(1), rows.size(1)}, at::kDouble);
        }
        checkBasisWidth(origin_.size(0), rows.size(1));
        const auto centred = rows - origin_;
        sum_ += centred.sum(0, false, at::kDouble);
        products_ += at::mm(centred.t(), centred).to(at::kDouble);
        count_ += rows.size(0);
    }
    std::int64_t count() const { return count_; }
    at::Tensor mean() const { return origin_.to(at::kDouble) + sum_ / static_cast<double>(count_); }
    at::Tensor covariance() const
    {
        const auto mean = sum_ / static_cast<double>(count_);
        return products_ / static_cast<double>(count_) - at::outer(mean, mean);
    }

private:
    at::Tensor origin_, sum_, products_;
    std::int64_t count_ = 0;
};

struct Components {
    at::Tensor directions; ///< [k, D], of length 1, float64
    std::vector<double> variances;
    double total = 0;
};

/// The largest k eigenvectors, with the sign that makes their largest value positive.
Components principalComponents(const at::Tensor& covariance, std::int64_t k)
{
    const auto [values, vectors] = at::linalg_eigh(covariance); // ascending; columns
    Components result{.directions = at::zeros({k, covariance.size(0)}, at::kDouble), .variances = {}};
    result.total = std::max(0.0, values.sum().item<double>());
    for (std::int64_t i = 0; i < std::min(k, covariance.size(0)); ++i) {
        const auto column = covariance.size(0) - 1 - i;
        auto direction = vectors.select(1, column).contiguous();
        const auto* const numbers = direction.data_ptr<double>();
        std::int64_t largest = 0;
        for (std::int64_t j = 1; j < direction.size(0); ++j) {
            if (std::abs(numbers[j]) > std::abs(numbers[largest]) * (1 + 1e-9))
                largest = j;
        }
        result.directions.select(0, i).copy_(numbers[largest] < 0 ? -direction : direction);
        result.variances.push_back(std::max(0.0, values[column].item<double>()));
    }
    result.variances.resize(static_cast<std::size_t>(k), 0.0);
    return result;
}

/// The value that splits numbers into two groups with the least variance within (Otsu, 1979).
float splitOf(const std::vector<float>& values)
{
    const auto [low, high] = std::minmax_element(values.begin(), values.end());
    const double first = *low;
    const double step = (*high - first) / histogramBins;
    if (!(step > 0))
        return *low;
    std::array<double, histogramBins> counts{};
    for (const auto value : values)
        ++counts[static_cast<std::size_t>(
            std::clamp<int>(static_cast<int>((value - first) / step), 0, histogramBins - 1))];
    double all = 0, allSum = 0;
    for (int bin = 0; bin < histogramBins; ++bin) {
        all += counts[static_cast<std::size_t>(bin)];
        allSum += counts[static_cast<std::size_t>(bin)] * bin;
    }
    double below = 0, belowSum = 0, best = -1;
    double firstBest = 0, lastBest = 0; // an empty gap between two groups: its middle
    for (int bin = 0; bin + 1 < histogramBins; ++bin) {
        below += counts[static_cast<std::size_t>(bin)];
        belowSum += counts[static_cast<std::size_t>(bin)] * bin;
        if (below <= 0 || below >= all)
            continue;
        const double difference = belowSum / below - (allSum - belowSum) / (all - below);
        const double between = below * (all - below) * difference * difference;
        if (between > best * (1 + 1e-12)) {
            best = between;
            firstBest = bin + 1;
        }
        if (between >= best)
            lastBest = bin + 1;
    }
    return static_cast<float>(first + step * (firstBest + lastBest) / 2);
}

struct Side {
    at::Tensor direction; ///< [D], float32
    float threshold = 0;
};

/// Tells foreground from background, or nothing where there are no two sides.
std::optional<Side> foregroundSide(const Components& first, std::size_t pictures, const GridReader& read,
                                   const std::function<bool()>& stop)
{
    auto direction = first.directions.select(0, 0).to(at::kFloat).contiguous();
    std::vector<float> scores;
    std::vector<bool> border;
    for (std::size_t i = 0; i < pictures && !stop(); ++i) {
        const auto features = read(i);
        if (!features)
            continue;
        const auto found = floatsOf(at::mv(viewOf(*features), direction));
        scores.insert(scores.end(), found.begin(), found.end());
        const auto [rows, cols] = std::pair(features->grid.rows, features->grid.cols);
        for (std::int64_t cell = 0; cell < features->grid.count(); ++cell) {
            const auto row = cell / cols, col = cell % cols;
            border.push_back(row == 0 || col == 0 || row == rows - 1 || col == cols - 1);
        }
    }
    if (scores.empty())
        return std::nullopt;
    const float threshold = splitOf(scores);
    double above = 0, borders = 0, bordersAbove = 0;
    for (std::size_t i = 0; i < scores.size(); ++i) {
        const bool isAbove = scores[i] > threshold;
        above += isAbove;
        borders += border[i];
        bordersAbove += border[i] && isAbove;
    }
    const double share = above / static_cast<double>(scores.size());
    if (share < smallestSide || share > 1 - smallestSide)
        return std::nullopt;
    if (bordersAbove * 2 > borders) // the background is above: turn around
        return Side{.direction = -direction, .threshold = -threshold};
    return Side{.direction = direction, .threshold = threshold};
}

} // namespace

PatchColours patchColours(const PatchBasis& basis, const FeatureGrid& features)
{
    const at::NoGradGuard noGradient;
    checkBasisWidth(basis.width, features.width);
    const auto x = viewOf(features);
    const auto components =
        at::mm(x - viewOf(basis.mean, 1, basis.width), viewOf(basis.directions, PatchBasis::colours, basis.width).t());
    PatchColours result{.grid = features.grid,
                        .components = floatsOf(components),
                        .rgb = {},
                        .foreground = std::vector<bool>(static_cast<std::size_t>(features.grid.count()), true)};
    for (const auto c : result.components)
        result.rgb.push_back(static_cast<std::uint8_t>(std::lround(255 / (1 + std::exp(-2 * c)))));
    if (!basis.foreground.empty()) {
        const auto scores = floatsOf(at::mv(x, viewOf(basis.foreground, 1, basis.width)[0]));
        for (std::size_t i = 0; i < scores.size(); ++i)
            result.foreground[i] = scores[i] > basis.threshold;
    }
    return result;
}

std::optional<PatchBasis> fitPatchBasis(std::size_t pictures, const GridReader& read, const BasisOptions& options,
                                        const std::function<bool()>& stop)
{
    const at::NoGradGuard noGradient;
    Moments all;
    std::int64_t readable = 0;
    for (std::size_t i = 0; i < pictures && !stop(); ++i) {
        if (const auto features = read(i)) {
            all.add(viewOf(*features));
            ++readable;
        }
    }
    if (stop())
        return std::nullopt;
    if (readable == 0)
        throw UsageError("no picture has patches to fit colours on: run the pass dinov3");
    if (all.count() < PatchBasis::colours + 1)
        throw UsageError("colours cannot be fitted on " + std::to_string(all.count()) +
                         " patches: choose more pictures");

    std::optional<Side> side;
    Moments fitted = all;
    if (options.foregroundOnly) {
        side = foregroundSide(principalComponents(all.covariance(), 1), pictures, read, stop);
        if (side) {
            fitted = {};
            for (std::size_t i = 0; i < pictures && !stop(); ++i) {
                if (const auto features = read(i)) {
                    const auto x = viewOf(*features);
                    const auto chosen =
                        x.index_select(0, (at::mv(x, side->direction) > side->threshold).nonzero().flatten());
                    if (chosen.size(0) > 0)
                        fitted.add(chosen);
                }
            }
        }
        if (stop())
            return std::nullopt;
    }
    if (fitted.count() < PatchBasis::colours + 1) { // a foreground of a patch or two
        fitted = all;
        side.reset();
    }

    const auto components = principalComponents(fitted.covariance(), PatchBasis::colours);
    if (!(components.total > 0))
        throw UsageError("colours cannot be fitted on patches that are all alike: choose other pictures");
    PatchBasis basis;
    basis.width = all.mean().size(0);
    basis.mean = floatsOf(fitted.mean());
    auto scaled = components.directions.clone();
    for (std::int64_t i = 0; i < PatchBasis::colours; ++i) {
        const double variance = components.variances[static_cast<std::size_t>(i)];
        basis.shares[static_cast<std::size_t>(i)] = variance / components.total;
        // A direction without variance is rounding, not a difference: it shows as grey.
        scaled.select(0, i).mul_(variance > 1e-9 * components.total ? 1 / std::sqrt(variance) : 0.0);
    }
    basis.directions = floatsOf(scaled);
    basis.pictures = readable;
    basis.patches = fitted.count();
    if (side) {
        basis.foreground = floatsOf(side->direction);
        basis.threshold = side->threshold;
    }
    return basis;
}

} // namespace nanodit
