#pragma once

#include "core/geometry/bucket.h"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace nanodit {

/// What the head of a picture file tells without decoding its pixels.
struct ImageHeader {
    enum class Format { Jpeg, Png, Webp, Bmp, Other } format = Format::Other;
    std::optional<ImageSize> stored; ///< As stored, before rotation; empty where it is not parsed here.
    int orientation = 1;             ///< EXIF, 1 to 8; 1 is upright.
    bool complete = true;            ///< False when the file ends before its picture does.

    /// The size after rotation.
    std::optional<ImageSize> upright() const;
};

/// Parses JPEG, PNG and WebP; knows BMP by its first bytes. With `toTheEnd` it also walks the whole file for its end
/// mark and, in PNG, its checksums: decoders fill what a truncated file lacks with grey instead of failing.
ImageHeader parseImageHeader(std::span<const std::byte> file, bool toTheEnd);

} // namespace nanodit
