#pragma once

#include "core/geometry/bucket.h"

#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// A part of the original that a faulty pipeline would have shown to the ViT instead of the bucket image.
struct WrongCrop {
    std::string name; ///< In words.
    PixelBox box;     ///< In the original's pixels.
    ImageSize size;   ///< What it is resized to.
};

/// Those of the bucket's own size, so that their patches lie on the bucket's grid: the middle seven eighths (resized to
/// 256 and cropped to 224, at the bucket's resolution), the middle without resizing, the whole picture squashed. Ones
/// that move no patch by more than a quarter of its side are left out: they cannot be told from the true crop.
std::vector<WrongCrop> wrongCropsOfBucketSize(ImageSize original, ImageSize bucket, GridSize grid);

/// The crop of older pipelines: the shorter side resized to 256, the middle 224 x 224.
WrongCrop oldCentreCropOf(ImageSize original);

} // namespace nanodit
