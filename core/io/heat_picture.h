#pragma once

#include "core/io/image.h"

#include <span>
#include <vector>

namespace nanodit {

/// Shares (0 to 1) of a grid's cells as viridis over a picture without colours; below it a bar of the colours, with
/// what its ends stand for in per cent. `side`: pixels of the result's longer side, without the bar. `largest`: what
/// the last colour stands for; 0: the largest value. An empty picture is taken as grey.
Image heatPicture(const Image& picture, GridSize grid, std::span<const float> values, double opacity, std::int64_t side,
                  double largest = 0);
/// The picture with cells of a grid outlined.
Image outlinedPicture(const Image& picture, ImageSize bucket, GridSize grid, std::span<const std::int64_t> cells,
                      std::int64_t side);
/// Side by side, top aligned, on a dark ground.
Image sideBySide(const std::vector<Image>& pictures);

} // namespace nanodit
