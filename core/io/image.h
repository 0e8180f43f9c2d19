#pragma once

#include "core/geometry/bucket.h"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace nanodit {

/// An 8-bit sRGB picture, interleaved RGB, row-major, no padding.
struct Image {
    ImageSize size;
    std::vector<std::uint8_t> rgb; ///< 3 * width * height bytes.

    bool empty() const { return rgb.empty(); }
    const std::uint8_t* at(std::int64_t x, std::int64_t y) const { return rgb.data() + 3 * (y * size.width + x); }
    std::uint8_t* at(std::int64_t x, std::int64_t y) { return rgb.data() + 3 * (y * size.width + x); }
};

/// Reads a picture, recognised by its bytes, as 8-bit sRGB: upright, ICC profile applied, alpha over white, grey and
/// CMYK converted. Throws DataError naming the file, and what it really is, when it is missing, truncated or not a
/// picture.
Image readImage(const std::filesystem::path& file);
/// Its size as readImage would return it, without decoding the pixels where the format allows.
ImageSize readImageSize(const std::filesystem::path& file);

/// The file endings that readImage is tried on: ".jpg", ".png", ".webp"...
bool isImageFile(const std::filesystem::path& file);

/// PNG text chunks by keyword (UTF-8).
using PngText = std::map<std::string, std::string>;
/// Of the text with which a picture that this program painted says how.
inline constexpr auto settingsKeyword = "nanodit";
/// Writes whole or not at all. Throws StoreError.
void writePng(const std::filesystem::path& file, const Image& image, const PngText& text = {});
std::vector<std::uint8_t> encodePng(const Image& image, const PngText& text = {});
PngText readPngText(const std::filesystem::path& file);

/// The bucket image that both VAE and DINO see: resized, antialiased, to cover the bucket, then the centre cropped to
/// it.
Image makeBucketImage(const Image& original, ImageSize bucket);
/// A box of a picture, in its own pixels and inside it, brought to `size` by the same filter; the sides may be
/// stretched unequally.
Image resampleBox(const Image& original, const PixelBox& box, ImageSize size);
/// Area-averaged when shrinking, bilinear when growing; for thumbnails and previews, not for encoders.
Image resizeForDisplay(const Image& image, ImageSize size);

} // namespace nanodit
