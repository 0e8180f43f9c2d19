#pragma once

/// A drawn mask that says where a reference's patches guide a picture.

#include "core/io/image.h"

#include <cstdint>
#include <vector>

namespace nanodit {

/// How much of each patch a mask covers, row by row: 0 where it is black, 1 where it is white, rounded to a thousandth.
/// The mask is cropped to `size` as a reference picture is, so that a mask of the reference's shape lies over it.
std::vector<double> patchCover(const Image& mask, ImageSize size, GridSize patches);

/// The patches that are covered by less than half: a SampleRequest's erased ones.
std::vector<std::int64_t> patchesOutside(const std::vector<double>& cover);

} // namespace nanodit
