#pragma once

#include "core/io/image.h"

namespace nanodit {

/// Writes pictures of one size as an animated PNG (W3C PNG, third edition: acTL, fcTL, fdAT), which browsers play and
/// other programs show the first frame of; repeats for ever. Whole or not at all. Throws StoreError; UsageError when
/// there is no picture or they differ in size.
void writeAnimatedPng(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame);

} // namespace nanodit
