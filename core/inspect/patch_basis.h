#pragma once

#include "core/inspect/place_field.h"

#include <array>
#include <cstdint>
#include <vector>

namespace nanodit {

/// Three directions in which patch features differ most, scaled so that each has variance 1 over what it was fitted on
/// ("whitened"). The same basis gives the same feature the same colour in every picture.
struct PatchBasis {
    static constexpr std::int64_t colours = 3;

    std::int64_t width = 0;                 ///< D
    std::vector<float> mean;                ///< [D]
    std::vector<float> directions;          ///< [3, D], each divided by its standard deviation.
    std::array<double, colours> shares{};   ///< Of the variance that each direction explains, 0 to 1.
    std::int64_t pictures = 0, patches = 0; ///< That it was fitted on.
    /// Foreground: patches for which direction . x > threshold. Empty: it was fitted on all of them.
    std::vector<float> foreground; ///< [D]
    float threshold = 0;

    bool empty() const { return directions.empty(); }
};

/// Where patches lie in a basis, and what they look like.
struct PatchColours {
    GridSize grid;
    std::vector<float> components; ///< [rows * cols, 3]
    std::vector<std::uint8_t> rgb; ///< [rows * cols, 3]: 255 / (1 + exp(-2 c)), as DINOv3's own figures have it.
    std::vector<bool> foreground;  ///< All true where the basis knows no foreground.
};
/// Throws UsageError when the widths differ.
PatchColours patchColours(const PatchBasis& basis, const FeatureGrid& features);

struct BasisOptions {
    /// Fits on foreground patches only. Foreground is what lies on one side of the first principal component of all
    /// patches, split where that leaves the least variance within both sides (Otsu); background is the side that more
    /// of the pictures' borders are on. Falls back to all patches where one side has less than 2 per cent.
    bool foregroundOnly = true;
};

/// Reads the pictures three times (once without the foreground). Directions are in order of their variance; of the two
/// signs a direction can have, the one whose largest value (the first of equal ones) is positive. Empty when `stop`
/// said so. Throws UsageError when no picture can be read or the patches are fewer than four or all alike.
std::optional<PatchBasis> fitPatchBasis(
    std::size_t pictures, const GridReader& read, const BasisOptions& options = {},
    const std::function<bool()>& stop = [] { return false; });

} // namespace nanodit
