#pragma once

#include "core/io/image.h"

namespace nanodit {

/// Writes pictures of one size as an MP4 (H.264 where OpenCV's FFmpeg has it, else MPEG-4), for programs that take no
/// GIF. Its colours are near, not exact; odd sides get another line of the last one. Whole or not at all. Throws
/// StoreError; UsageError when there is no picture or they differ in size; Error when there is no encoder.
void writeMp4(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame);

} // namespace nanodit
