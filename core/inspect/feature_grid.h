#pragma once

#include "core/geometry/bucket.h"

#include <optional>
#include <span>
#include <vector>

namespace nanodit {

/// What a ViT says of a picture's patches, as plain numbers: one row of `width` values per cell, row-major.
struct FeatureGrid {
    GridSize grid;
    std::int64_t width = 0;    ///< D
    std::vector<float> values; ///< [rows * cols, D]
    std::vector<float> cls;    ///< [D], or empty where it is not known.

    std::span<const float> patch(std::int64_t index) const
    {
        return {values.data() + index * width, static_cast<std::size_t>(width)};
    }
    std::span<float> patch(std::int64_t index)
    {
        return {values.data() + index * width, static_cast<std::size_t>(width)};
    }
};

/// One number per cell of a grid, row-major.
struct ScalarGrid {
    GridSize grid;
    std::vector<float> values;

    float at(GridCell cell) const { return values[static_cast<std::size_t>(cell.row * grid.cols + cell.col)]; }
};

/// The features' directions, laid out so that one direction is compared with all of them in a few milliseconds: fast
/// enough to follow the mouse over 4096 patches of 1024 values.
class UnitFeatures {
public:
    UnitFeatures() = default;
    explicit UnitFeatures(const FeatureGrid& features);

    GridSize grid() const { return grid_; }
    std::int64_t width() const { return width_; }
    /// A patch's features at length 1; zeros when it has none.
    std::vector<float> direction(GridCell cell) const;
    /// Cosine of the angle between `direction` (of length 1) and every patch, -1 to 1. Throws UsageError when the
    /// widths differ.
    ScalarGrid cosines(std::span<const float> direction) const;

private:
    GridSize grid_;
    std::int64_t width_ = 0;
    std::vector<float> byChannel_; ///< [D, rows * cols]
};

/// Cosine between CLS and every patch, -1 to 1. Throws UsageError when the CLS token is not known.
ScalarGrid cosineToCls(const FeatureGrid& features);

/// Euclidean length of each patch's features.
ScalarGrid patchNorms(const FeatureGrid& features);

/// Patches whose norm lies above the median by more than `deviations` robust standard deviations (1.4826 times the
/// median absolute deviation): the outlier tokens of "Vision Transformers Need Registers" (Darcet et al., 2024).
std::vector<bool> outliers(const ScalarGrid& norms, double deviations = 6);

/// The cell of the largest value; the first one of several. The grid must not be empty.
GridCell cellOfLargest(const ScalarGrid& grid);

} // namespace nanodit
