#pragma once

#include "core/io/image.h"

namespace nanodit {

/// Writes pictures of one size as a film that repeats for ever, in the format that the file's ending names: .png or
/// .apng (every colour, played by browsers), .gif (256 colours a picture, played everywhere), .mp4 (once, colours are
/// near). Throws UsageError for other endings; StoreError.
void writeFilm(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame);

/// Throws UsageError unless there are pictures, all of the size of the first.
void requireOneSize(const std::vector<Image>& frames);

} // namespace nanodit
