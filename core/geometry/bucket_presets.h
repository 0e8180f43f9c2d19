#pragma once

#include "core/geometry/bucket.h"

#include <array>
#include <vector>

namespace nanodit {

/// Sides of the squares that the presets are around.
inline constexpr std::array<std::int64_t, 3> bucketPresetSides = {256, 512, 1024};

/// Buckets of about side x side pixels in the aspect ratios of defaultBuckets(), which are those of 1024; both sides
/// are multiples of 16.
std::vector<ImageSize> bucketPreset(std::int64_t side);

} // namespace nanodit
