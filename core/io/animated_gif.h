#pragma once

#include "core/io/image.h"

namespace nanodit {

/// Writes pictures of one size as an animated GIF (GIF89a) that repeats for ever. Each has a palette of its own, of at
/// most 256 colours, by median cut (Heckbert 1982), without dithering: heat maps keep their steps. Whole or not at all.
/// Throws StoreError; UsageError when there is no picture, they differ in size, or one is larger than 65535 pixels.
void writeAnimatedGif(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame);

} // namespace nanodit
