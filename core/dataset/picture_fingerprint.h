#pragma once

#include "core/io/image.h"

#include <array>
#include <cstdint>

namespace nanodit {

/// What tells of two pictures, without reading either again, whether they are the same or nearly so.
struct PictureFingerprint {
    static constexpr int colourCells = 8; ///< Along each side.

    std::uint64_t pixels = 0; ///< Hash of the size and of every pixel; not cryptographic.
    /// Perceptual hash of the brightness: a bit for each of the 64 lowest frequencies (in zigzag order, without the
    /// constant one) of the cosine transform of 32 x 32 area means; set where the coefficient is above their median
    /// (C. Zauner, 2010). Scaling, recompression and a change of brightness flip few of its bits.
    std::uint64_t structure = 0;
    /// Mean RGB of 8 x 8 cells, row by row. Tells apart what differs in colour, or is too plain to have a structure.
    std::array<std::uint8_t, 3 * colourCells * colourCells> colours{};

    bool operator==(const PictureFingerprint&) const = default;
};

PictureFingerprint fingerprintOf(const Image& image);

/// The largest difference of two pictures' cells in a channel, of 255.
int colourDistance(const PictureFingerprint& a, const PictureFingerprint& b);
/// Near duplicates differ in no cell by more, besides the bits of their structure that they may differ in.
inline constexpr int nearDuplicateColours = 30;

} // namespace nanodit
