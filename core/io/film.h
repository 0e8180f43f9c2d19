#pragma once

#include "core/io/image.h"

namespace nanodit {

/// Writes pictures of one size as a film that repeats for ever, in the format that the file's ending names: .png or
/// .apng (every colour, played by browsers), .gif (256 colours a picture, played everywhere), .mp4 (once, colours are
/// near). Whole or not at all, as all that follows. Throws UsageError for other endings, and as the format's own
/// function does.
void writeFilm(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame);

/// An animated PNG (W3C PNG, third edition: acTL, fcTL, fdAT), which browsers play and other programs show the first
/// frame of. Throws StoreError; UsageError when there is no picture or they differ in size.
void writeAnimatedPng(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame);

/// An animated GIF (GIF89a). Each picture has a palette of its own, of at most 256 colours, by median cut (Heckbert
/// 1982), without dithering: heat maps keep their steps. Throws StoreError; UsageError when there is no picture, they
/// differ in size, or one is larger than 65535 pixels.
void writeAnimatedGif(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame);

/// An MP4 (H.264 where OpenCV's FFmpeg has it, else MPEG-4), for programs that take no GIF. Its colours are near, not
/// exact; odd sides get another line of the last one. Throws StoreError; UsageError when there is no picture or they
/// differ in size; Error when there is no encoder.
void writeMp4(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame);

/// Throws UsageError unless there are pictures, all of the size of the first.
void requireOneSize(const std::vector<Image>& frames);

} // namespace nanodit
