#include "core/io/named_colours.h"

#include "core/io/big_endian.h"
#include "core/io/png.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

using Place = NamedColours::Place;
constexpr Place d65{.x = 0.3127, .y = 0.3290}, whiteC{.x = 0.310, .y = 0.316}, dciWhite{.x = 0.314, .y = 0.351};
constexpr NamedColours srgb{.white = d65, .primaries = {{{0.64, 0.33}, {0.30, 0.60}, {0.15, 0.06}}}};

/// H.273, table 2; the curve is left at sRGB's.
std::optional<NamedColours> primariesOf(unsigned code)
{
    switch (code) {
    case 1: // BT.709, sRGB
    case 2: // unspecified
        return srgb;
    case 4: // BT.470 M
        return NamedColours{.white = whiteC, .primaries = {{{0.67, 0.33}, {0.21, 0.71}, {0.14, 0.08}}}};
    case 5: // BT.470 B/G, BT.601 625 lines
        return NamedColours{.white = d65, .primaries = {{{0.64, 0.33}, {0.29, 0.60}, {0.15, 0.06}}}};
    case 6: // BT.601 525 lines
    case 7:
        return NamedColours{.white = d65, .primaries = {{{0.630, 0.340}, {0.310, 0.595}, {0.155, 0.070}}}};
    case 9: // BT.2020
        return NamedColours{.white = d65, .primaries = {{{0.708, 0.292}, {0.170, 0.797}, {0.131, 0.046}}}};
    case 11: // P3 of cinemas
        return NamedColours{.white = dciWhite, .primaries = {{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}}};
    case 12: // P3 of displays
        return NamedColours{.white = d65, .primaries = {{{0.680, 0.320}, {0.265, 0.690}, {0.150, 0.060}}}};
    default:
        return {};
    }
}

constexpr unsigned perceptualQuantizer = 16, hybridLogGamma = 18;

bool isHdr(unsigned transfer)
{
    return transfer == perceptualQuantizer || transfer == hybridLogGamma;
}

/// H.273, table 3, as NamedColours::gamma.
std::optional<double> gammaOf(unsigned code)
{
    switch (code) {
    case 1: // curves of cameras, which viewers of pictures show as sRGB's
    case 6:
    case 14:
    case 15:
    case 2:  // unspecified
    case 13: // sRGB
        return 0;
    case 4:
        return 2.2;
    case 5:
        return 2.8;
    case 8: // linear
        return 1;
    default:
        return {};
    }
}

std::optional<NamedColours> unlessSrgb(const NamedColours& colours)
{
    // Headers round: 0.31270 and 0.31269 are one white.
    constexpr double samePlace = 0.0015;
    const auto near = [](Place a, Place b) {
        return std::abs(a.x - b.x) < samePlace && std::abs(a.y - b.y) < samePlace;
    };
    const bool sameHues = near(colours.white, srgb.white) &&
                          std::equal(colours.primaries.begin(), colours.primaries.end(), srgb.primaries.begin(), near);
    if (sameHues && colours.gamma == 0)
        return {};
    return colours;
}

/// gAMA and cHRM, which count in units of 0.00001.
std::optional<NamedColours> coloursOfGamma(std::optional<std::uint32_t> gamma, std::span<const std::byte> places)
{
    constexpr double unit = 1e-5;
    auto colours = srgb;
    if (!places.empty()) {
        const auto place = [&](std::size_t i) {
            return Place{unit * bigEndian32(places, 8 * i), unit * bigEndian32(places, 8 * i + 4)};
        };
        colours.white = place(0);
        for (std::size_t i = 0; i < 3; ++i)
            colours.primaries[i] = place(i + 1);
    }
    const bool sameHues = !unlessSrgb(colours);
    constexpr std::uint32_t least = 1000, most = 1'000'000; // beyond, every picture would be black or white
    if (gamma && *gamma >= least && *gamma <= most) {
        // sRGB's writers note 1/2.2 for its curve, which is not quite a power; libpng takes 5 % for no difference.
        constexpr double srgbGamma = 0.45455, noDifference = 0.05;
        const double said = unit * *gamma;
        if (!sameHues || std::abs(said / srgbGamma - 1) > noDifference)
            colours.gamma = 1 / said;
    }
    return unlessSrgb(colours);
}

} // namespace

bool areKnown(ColourCodes codes)
{
    return isHdr(codes.transfer) || (primariesOf(codes.primaries) && gammaOf(codes.transfer));
}

std::optional<NamedColours> coloursOf(ColourCodes codes, const std::string& name)
{
    if (isHdr(codes.transfer))
        throw DataError(name + " is an HDR picture (" + (codes.transfer == perceptualQuantizer ? "PQ" : "HLG") +
                        "), whose tones do not fit in 8 bits of sRGB: convert it to sRGB with a tone mapping of your "
                        "choice");
    auto colours = primariesOf(codes.primaries);
    const auto gamma = gammaOf(codes.transfer);
    if (!colours || !gamma)
        return {};
    colours->gamma = *gamma;
    return unlessSrgb(*colours);
}

PngColours coloursOfPng(std::span<const std::byte> file, bool hasProfile, const std::string& name)
{
    bool saysSrgb = false, profileChunk = false;
    std::optional<std::uint32_t> gamma;
    std::span<const std::byte> places;
    PngChunks chunks(file);
    for (PngChunk chunk; chunks.next(chunk) && chunk.type != "IDAT";) {
        const auto is = [&](std::string_view type, std::size_t bytes) {
            return chunk.type == type && chunk.data.size() == bytes && chunk.checksumHolds();
        };
        profileChunk |= chunk.type == "iCCP";
        if (is("sRGB", 1)) {
            saysSrgb = true;
        } else if (is("gAMA", 4)) {
            gamma = bigEndian32(chunk.data, 0);
        } else if (is("cHRM", 32)) {
            places = chunk.data;
        } else if (is("cICP", 4)) {
            const auto number = [&](std::size_t i) { return std::to_integer<unsigned>(chunk.data[i]); };
            const ColourCodes codes{.primaries = number(0), .transfer = number(1)};
            if (number(2) != 0 || !areKnown(codes)) // PNG holds RGB
                continue;
            auto colours = coloursOf(codes, name);
            if (number(3) == 0)
                throw DataError(name + " holds colours of a narrow range (16 to 235, as videos do), which is not read: "
                                       "convert it to the full range");
            return {.colours = colours, .overrulesProfile = true, .profileRefused = false};
        }
    }
    if (hasProfile || saysSrgb)
        return {};
    return {.colours = coloursOfGamma(gamma, places), .overrulesProfile = false, .profileRefused = profileChunk};
}

} // namespace nanodit
