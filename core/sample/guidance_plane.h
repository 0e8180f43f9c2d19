#pragma once

#include "core/io/image.h"
#include "core/sample/sample_request.h"

#include <span>
#include <vector>

namespace nanodit {

/// Pictures over both guidance scales: a row for each text scale, a column for each DINO scale.
struct GuidancePlane {
    std::vector<double> textScales, dinoScales;

    std::size_t rows() const { return textScales.size(); }
    std::size_t cols() const { return dinoScales.size(); }
    std::size_t count() const { return rows() * cols(); }
};

/// A picture of the plane.
struct PlaneCell {
    std::size_t row = 0, col = 0;
    bool operator==(const PlaneCell&) const = default;
};

/// Every cell once, coarse to fine: first a wide grid over the whole plane, then the cells between, so that a plane
/// that is stopped early still spans its scales.
std::vector<PlaneCell> coarseToFine(std::size_t rows, std::size_t cols);

/// "text=0:6:7,dino=0:6:4": seven scales of text from 0 to 6 and four of DINO; "text=1,dino=0:4:5" has one row. Throws
/// UsageError that says how it is spelled.
GuidancePlane guidancePlaneFrom(const std::string& text);

/// One picture of the whole plane, its scales beside the rows and above the columns. `pictures` by row, then column,
/// all of one size; an empty one leaves its cell free.
Image planeSheet(const GuidancePlane& plane, std::span<const Image> pictures);

} // namespace nanodit
