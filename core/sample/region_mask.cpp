#include "core/sample/region_mask.h"

#include <cmath>

namespace nanodit {

std::vector<double> patchCover(const Image& mask, ImageSize size, GridSize patches)
{
    const auto means = resizeForDisplay(makeBucketImage(mask, size), {.width = patches.cols, .height = patches.rows});
    std::vector<double> cover;
    cover.reserve(static_cast<std::size_t>(patches.count()));
    for (std::int64_t row = 0; row < patches.rows; ++row) {
        for (std::int64_t col = 0; col < patches.cols; ++col) {
            const auto* const pixel = means.at(col, row);
            const double brightness = (pixel[0] + pixel[1] + pixel[2]) / (3 * 255.0);
            cover.push_back(std::round(1000 * brightness) / 1000);
        }
    }
    return cover;
}

std::vector<std::int64_t> patchesOutside(const std::vector<double>& cover)
{
    std::vector<std::int64_t> outside;
    for (std::size_t i = 0; i < cover.size(); ++i) {
        if (cover[i] < 0.5)
            outside.push_back(static_cast<std::int64_t>(i));
    }
    return outside;
}

} // namespace nanodit
