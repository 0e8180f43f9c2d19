#include "core/inspect/wrong_crops.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

/// The middle of a box, `across` and `down` times as large.
PixelBox middleOf(const PixelBox& box, double across, double down)
{
    const double x = (box.left + box.right) / 2, y = (box.top + box.bottom) / 2;
    const double halfWidth = (box.right - box.left) / 2 * across, halfHeight = (box.bottom - box.top) / 2 * down;
    return {.left = x - halfWidth, .top = y - halfHeight, .right = x + halfWidth, .bottom = y + halfHeight};
}

/// The furthest that a patch lies from where it should, in sides of a patch. Boxes share their centre, so it is one at
/// the border.
double displacement(const PixelBox& box, const PixelBox& truth, GridSize grid)
{
    const double columns =
        std::abs(box.left - truth.left) / (truth.right - truth.left) * static_cast<double>(grid.cols);
    const double rows = std::abs(box.top - truth.top) / (truth.bottom - truth.top) * static_cast<double>(grid.rows);
    return std::max(columns, rows);
}

} // namespace

std::vector<WrongCrop> wrongCropsOfBucketSize(ImageSize original, ImageSize bucket, GridSize grid)
{
    const auto truth = bucketCrop(original, bucket);
    const auto width = static_cast<double>(original.width), height = static_cast<double>(original.height);
    const PixelBox whole = {.left = 0, .top = 0, .right = width, .bottom = height};
    std::vector<WrongCrop> crops = {
        {.name = "centre-cropped (the middle 7/8 of the picture)",
         .box = middleOf(truth, 224. / 256, 224. / 256),
         .size = bucket},
        {.name = "squashed (the whole picture without a crop)", .box = whole, .size = bucket}};
    if (original.width >= bucket.width && original.height >= bucket.height)
        crops.push_back({.name = "cropped without resizing",
                         .box = middleOf(whole, static_cast<double>(bucket.width) / width,
                                         static_cast<double>(bucket.height) / height),
                         .size = bucket});
    std::erase_if(crops, [&](const WrongCrop& crop) { return displacement(crop.box, truth, grid) < 0.25; });
    return crops;
}

WrongCrop oldCentreCropOf(ImageSize original)
{
    const auto width = static_cast<double>(original.width), height = static_cast<double>(original.height);
    const double side = std::min(width, height) * 224 / 256;
    return {.name = "centre-cropped to 224 pixels, as an older pipeline did",
            .box = middleOf({.left = 0, .top = 0, .right = width, .bottom = height}, side / width, side / height),
            .size = {.width = 224, .height = 224}};
}

} // namespace nanodit
