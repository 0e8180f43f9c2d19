#pragma once

#include "core/geometry/bucket.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// What a picture file tells without decoding its pixels.
struct ImageHeader {
    enum class Format { Jpeg, Png, Webp, Gif, Bmp, Tiff, Jpeg2000, Netpbm, Heif, Other } format = Format::Other;
    std::optional<ImageSize> stored; ///< As stored, before rotation; empty where it is not parsed here.
    int orientation = 1;             ///< 1 to 8; 1 is upright. HEIC and AVIF are turned by their decoder.
    bool complete = true;            ///< False when the file ends before its picture does, as far as the walk saw.
    bool animated = false;           ///< There are several frames or pages.
    std::vector<std::byte> profile;  ///< ICC profile of JPEG 2000; other formats' decoders find theirs.

    /// The size after rotation.
    std::optional<ImageSize> upright() const;
};

/// Walks the segments, chunks or tags of a picture in memory. Orientation is looked for where viewers look: EXIF, also
/// in PNG's text chunks, and where that says nothing XMP. Never throws.
ImageHeader parseImageHeader(std::span<const std::byte> file);

/// Whether the picture has several frames. As parseImageHeader says, but of a PNG no more is read than it needs. Never
/// throws.
bool tellsOfAnimation(std::span<const std::byte> file);

} // namespace nanodit
