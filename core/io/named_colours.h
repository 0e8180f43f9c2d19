#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace nanodit {

/// Colours that a picture's header describes by numbers instead of an ICC profile.
struct NamedColours {
    struct Place {
        double x = 0, y = 0; ///< CIE 1931 chromaticity.
        bool operator==(const Place&) const = default;
    };
    Place white;
    std::array<Place, 3> primaries; ///< Red, green, blue.
    double gamma = 0;               ///< Light is the sample to this power; 0: sRGB's own curve.
    bool operator==(const NamedColours&) const = default;
};

/// Code points of ITU-T H.273: colour primaries (table 2) and transfer characteristics (table 3).
struct ColourCodes {
    unsigned primaries = 2, transfer = 2; ///< 2: unspecified.
};
/// Whether coloursOf knows them; HDR is known, and refused.
bool areKnown(ColourCodes codes);
/// The colours they stand for; empty for sRGB and what viewers show as that: BT.709, BT.601's and BT.2020's camera
/// curves count as sRGB's, and what is unspecified as sRGB. Throws DataError for PQ and HLG.
std::optional<NamedColours> coloursOf(ColourCodes codes, const std::string& name);

/// What the chunks of a PNG file before its pixels say: cICP first, then `hasProfile` (its iCCP chunk), sRGB, and gAMA
/// with cHRM (PNG specification, third edition, 4.3). Chunks that are damaged or unknown do not count. Throws DataError
/// for HDR, and for cICP of a narrow range.
struct PngColours {
    std::optional<NamedColours> colours; ///< Empty: sRGB, or the profile's.
    bool overrulesProfile = false;       ///< cICP decided; the profile does not count.
    bool profileRefused = false;         ///< There is an iCCP chunk, though `hasProfile` is false: it is damaged.
};
PngColours coloursOfPng(std::span<const std::byte> file, bool hasProfile, const std::string& name);

} // namespace nanodit
