#pragma once

#include "core/geometry/bucket.h"
#include "core/io/array.h"

#include <filesystem>
#include <string_view>

namespace nanodit {

/// Behind a picture's name without ending; the mask is a PNG.
inline constexpr std::string_view lossMaskEnding = "-mask";

/// NAME-mask.png beside a picture NAME.jpg (the ending in any case): what of it is learnt. Empty where there is none.
std::filesystem::path lossMaskFile(const std::filesystem::path& picture);

/// The weights of a picture's loss, one for each latent pixel of its bucket: [rows, cols], float32, 0 (black in the
/// mask) to 1 (white), the mean over what the latent pixel covers, through the crop of the bucket image. Throws
/// DataError naming the file when it cannot be read, has not the proportions of the picture, or is black all over the
/// bucket.
Array lossMask(const std::filesystem::path& file, ImageSize picture, ImageSize bucket, GridSize latent);

} // namespace nanodit
