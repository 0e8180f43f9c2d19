#pragma once

#include "core/io/image.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nanodit {

/// One chunk of a PNG file (PNG specification, section 5).
struct PngChunk {
    std::string_view type; ///< "IHDR", "tEXt"...
    std::span<const std::byte> data;
    std::uint32_t checksum = 0;

    bool checksumHolds() const;
};

/// Walks the chunks of a PNG file that is already in memory.
class PngChunks {
public:
    /// Begins behind the signature; a file without one has no chunks.
    explicit PngChunks(std::span<const std::byte> file);
    static bool hasSignature(std::span<const std::byte> file);
    /// The next chunk; false at IEND's end, at the end of the file, or where a chunk does not fit in it.
    bool next(PngChunk& chunk);
    /// Whether IEND was reached with nothing missing.
    bool complete() const { return complete_; }

private:
    std::span<const std::byte> rest_;
    bool complete_ = false;
};

/// The eight bytes that a PNG file begins with.
inline constexpr std::string_view pngSignature{"\x89PNG\r\n\x1a\n", 8};
/// Appends a chunk to a file: its length, type, data and checksum.
void appendPngChunk(std::vector<std::uint8_t>& file, std::string_view type, std::span<const std::byte> data);

/// The text of a chunk (tEXt, zTXt or iTXt) whose keyword begins with `prefix`; empty for any other chunk and for one
/// that is damaged.
std::optional<std::string> pngTextNamed(const PngChunk& chunk, std::string_view prefix);
/// The texts of a PNG in memory; damaged ones are left out. Throws DataError when it is no PNG.
PngText parsePngText(std::span<const std::byte> file, const std::string& name);
/// The PNG with a text chunk per entry behind its header.
std::vector<std::uint8_t> withPngText(std::span<const std::uint8_t> png, const PngText& text);

} // namespace nanodit
