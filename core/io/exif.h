#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace nanodit {

// Where a picture says how it is to be turned: 1 to 8 as EXIF 2.32 numbers them, 0 where it does not say.

/// The orientation tag (0x0112) of the first directory of EXIF data, with or without "Exif\0\0" in front. Short and
/// long integers count, as Pillow has it.
int orientationOfExif(std::span<const std::byte> exif);
/// tiff:Orientation of an XMP packet, as an attribute or an element.
int orientationOfXmp(std::string_view xmp);
/// Of EXIF or XMP in a text chunk "Raw profile type exif" or "... APP1", as ImageMagick writes it: three lines, the
/// last of hexadecimal digits.
int orientationOfRawProfile(std::string_view text);

} // namespace nanodit
