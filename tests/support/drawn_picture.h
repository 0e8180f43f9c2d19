#pragma once

#include "core/io/image.h"

#include <cstdint>

namespace nanodit::test {

/// Smooth coloured hills on a dark ground, others for each seed: no two are near duplicates.
Image drawnPicture(std::uint64_t seed, ImageSize size);

} // namespace nanodit::test
