#pragma once

#include "core/geometry/bucket.h"
#include "core/io/named_colours.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// The pixels of a picture as its file holds them, and what they mean.
struct StoredPicture {
    ImageSize size;    ///< Before rotation.
    int channels = 0;  ///< 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha, or CMYK.
    bool inks = false; ///< The four channels are CMYK, stored inverted: 255 is no ink, as Adobe writes JPEG.
    int bits = 8;      ///< 8 or 16 (in the machine's byte order) a sample.
    std::vector<std::uint8_t> samples;        ///< Interleaved, row-major, no padding.
    std::vector<std::byte> profile;           ///< ICC profile; empty where the file has none.
    std::optional<NamedColours> colours = {}; ///< Where there is no profile, and the header describes others than sRGB.
    bool profileRefused = false;              ///< The file has a profile that its decoder could not take.

    std::size_t rowBytes() const
    {
        return static_cast<std::size_t>(size.width) * static_cast<std::size_t>(channels * bits / 8);
    }
};

/// Throws DataError when a size makes no sense or is too large to decode, here or at all; every decoder asks before it
/// takes memory.
void requireReasonableSize(ImageSize size, const std::string& name);
/// The part of it that goes by memory: throws DataError when a picture would not fit into so many free bytes.
void requireRoom(ImageSize size, std::int64_t freeBytes, const std::string& name);

// One decoder for each format. `bytes` is the whole file, `name` stands in messages. Each throws DataError when the
// picture is damaged, ends early, or is of a sort that is not read, and prints nothing.

StoredPicture decodeJpeg(std::span<const std::byte> bytes, const std::string& name);
StoredPicture decodePng(std::span<const std::byte> bytes, const std::string& name);
/// Of an animation the first frame.
StoredPicture decodeWebp(std::span<const std::byte> bytes, const std::string& name);
/// Of an animation the first frame.
StoredPicture decodeGif(std::span<const std::byte> bytes, const std::string& name);
/// HEIC and AVIF, upright; refused where the program was built without libheif.
StoredPicture decodeHeif(std::span<const std::byte> bytes, const std::string& name);
/// Of several pages the first.
StoredPicture decodeTiff(std::span<const std::byte> bytes, const std::string& name);
/// Of 1 to 32 bits a pixel, with palettes, masks and run lengths.
StoredPicture decodeBmp(std::span<const std::byte> bytes, const std::string& name);
/// JPEG 2000 and Netpbm.
StoredPicture decodeWithOpenCv(std::span<const std::byte> bytes, const std::string& name);

} // namespace nanodit
