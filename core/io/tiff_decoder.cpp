#include "core/io/stored_picture.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <tiffio.h>

namespace nanodit {

namespace {

/// The file in memory, as libtiff reads it.
struct Source {
    std::span<const std::byte> bytes;
    toff_t at = 0;
};

tsize_t readSource(thandle_t handle, void* target, tsize_t count)
{
    auto* const source = static_cast<Source*>(handle);
    const auto left = source->at < source->bytes.size() ? source->bytes.size() - source->at : 0;
    const auto taken = std::min<std::uint64_t>(left, static_cast<std::uint64_t>(std::max<tsize_t>(count, 0)));
    if (taken > 0)
        std::memcpy(target, source->bytes.data() + source->at, taken);
    source->at += taken;
    return static_cast<tsize_t>(taken);
}

toff_t seekSource(thandle_t handle, toff_t offset, int from)
{
    auto* const source = static_cast<Source*>(handle);
    source->at = offset + (from == SEEK_CUR ? source->at : from == SEEK_END ? source->bytes.size() : 0);
    return source->at;
}

using Tiff = std::unique_ptr<TIFF, decltype(&TIFFClose)>;

Tiff openTiff(Source& source)
{
    static const bool silent = [] { // it would print
        TIFFSetErrorHandler(nullptr);
        TIFFSetWarningHandler(nullptr);
        return true;
    }();
    static_cast<void>(silent);
    return {TIFFClientOpen(
                "", "rm", &source, readSource, [](thandle_t, void*, tsize_t) { return tsize_t{0}; }, seekSource,
                [](thandle_t) { return 0; },
                [](thandle_t handle) { return toff_t{static_cast<Source*>(handle)->bytes.size()}; }, nullptr, nullptr),
            TIFFClose};
}

std::uint16_t numberOf(TIFF* tiff, std::uint32_t tag)
{
    std::uint16_t value = 0;
    return TIFFGetFieldDefaulted(tiff, tag, &value) == 1 ? value : std::uint16_t{0};
}

/// What the first directory says of its samples (TIFF 6.0).
struct Layout {
    explicit Layout(TIFF* tiff)
        : bits(numberOf(tiff, TIFFTAG_BITSPERSAMPLE))
        , samples(numberOf(tiff, TIFFTAG_SAMPLESPERPIXEL))
        , photometric(numberOf(tiff, TIFFTAG_PHOTOMETRIC))
        , format(numberOf(tiff, TIFFTAG_SAMPLEFORMAT))
        , planar(numberOf(tiff, TIFFTAG_PLANARCONFIG))
    {
        std::uint16_t given = 0, count = 0;
        if (TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &given) != 1)
            photometric = samples >= 3 ? PHOTOMETRIC_RGB : PHOTOMETRIC_MINISBLACK;
        std::uint16_t* types = nullptr;
        if (TIFFGetField(tiff, TIFFTAG_EXTRASAMPLES, &count, &types) == 1 && count > 0)
            extra = types[0];
    }
    int colours() const { return photometric == PHOTOMETRIC_RGB ? 3 : photometric == PHOTOMETRIC_SEPARATED ? 4 : 1; }
    /// Whether samples are read as they lie in the file; of others libtiff makes RGB.
    bool plain() const
    {
        return bits >= 8 && (photometric == PHOTOMETRIC_MINISWHITE || photometric == PHOTOMETRIC_MINISBLACK ||
                             photometric == PHOTOMETRIC_RGB || photometric == PHOTOMETRIC_SEPARATED);
    }

    int bits, samples, photometric, format, planar;
    int extra = EXTRASAMPLE_UNASSALPHA; ///< What a sample behind the colours is, where the file says nothing.
};

/// What would come out as another picture.
void requireKnownLayout(TIFF* tiff, const Layout& layout, const std::string& name)
{
    const auto refuse = [&name](const std::string& what) {
        throw DataError(name + " is a TIFF picture with " + what + ", which is not read: convert it to an 8-bit PNG");
    };
    if (layout.samples > 4 || layout.samples < 1)
        refuse(std::to_string(layout.samples) + " channels");
    if (layout.format == SAMPLEFORMAT_IEEEFP)
        refuse("floating-point numbers of " + std::to_string(layout.bits) + " bits");
    if (layout.format != SAMPLEFORMAT_UINT && layout.format != SAMPLEFORMAT_VOID)
        refuse(layout.format == SAMPLEFORMAT_INT ? "signed numbers" : "complex numbers");
    if (layout.bits > 16)
        refuse("samples of " + std::to_string(layout.bits) + " bits");
    switch (layout.photometric) {
    case PHOTOMETRIC_CIELAB:
    case PHOTOMETRIC_ICCLAB:
    case PHOTOMETRIC_ITULAB:
    case PHOTOMETRIC_LOGL:
    case PHOTOMETRIC_LOGLUV:
        refuse("Lab colours");
        break;
    case PHOTOMETRIC_SEPARATED:
        if (numberOf(tiff, TIFFTAG_INKSET) != INKSET_CMYK || layout.samples != 4)
            refuse("inks that are not CMYK");
        break;
    case PHOTOMETRIC_MASK:
        refuse("a mask of transparency in place of colours");
        break;
    default:
        break;
    }
    if (layout.plain() && (layout.samples < layout.colours() || layout.samples > layout.colours() + 1))
        refuse(std::to_string(layout.samples) + " channels");
}

/// Puts `pixels` pixels of some channels, as they lie in a row of the file, between the others of the picture: as 8
/// bits or, for more, as 16.
void placePixels(const std::uint8_t* row, const Layout& layout, int channels, std::uint8_t* target, std::size_t pixels)
{
    const auto count = static_cast<std::size_t>(channels), step = static_cast<std::size_t>(layout.samples);
    if (layout.bits == 8 || layout.bits == 16) {
        const auto bytes = static_cast<std::size_t>(layout.bits) / 8;
        for (std::size_t x = 0; x < pixels; ++x)
            std::memcpy(target + x * step * bytes, row + x * count * bytes, count * bytes);
        return;
    }
    const auto bits = static_cast<unsigned>(layout.bits); // 9 to 15: packed, the highest bit first
    std::size_t at = 0;
    for (std::size_t i = 0; i < pixels * count; ++i) {
        unsigned value = 0;
        for (unsigned bit = 0; bit < bits; ++bit, ++at)
            value = value << 1 | (row[at / 8] >> (7 - at % 8) & 1u);
        const auto scaled = static_cast<std::uint16_t>(value << (16 - bits) | value >> (2 * bits - 16));
        std::memcpy(target + 2 * (i / count * step + i % count), &scaled, 2);
    }
}

/// Strips or tiles, channels together or one plane each. False where the file ends early or is damaged.
bool readSamples(TIFF* tiff, const Layout& layout, StoredPicture& picture)
{
    const int planes = layout.planar == PLANARCONFIG_SEPARATE ? layout.samples : 1;
    const int channels = layout.samples / planes;
    const auto width = static_cast<std::size_t>(picture.size.width);
    const auto height = static_cast<std::size_t>(picture.size.height);
    const auto sampleBytes = static_cast<std::size_t>(picture.bits / 8);
    const auto pixelBytes = static_cast<std::size_t>(layout.samples) * sampleBytes;
    const auto targetOf = [&](std::size_t x, std::size_t y, int plane) {
        return picture.samples.data() + (y * width + x) * pixelBytes + static_cast<std::size_t>(plane) * sampleBytes;
    };
    std::uint32_t tileWidth = 0, tileHeight = 0;
    const bool tiled = TIFFIsTiled(tiff) != 0;
    if (tiled && (TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &tileWidth) != 1 ||
                  TIFFGetField(tiff, TIFFTAG_TILELENGTH, &tileHeight) != 1 || tileWidth == 0 || tileHeight == 0))
        return false;
    const auto blockBytes = tiled ? TIFFTileSize(tiff) : TIFFScanlineSize(tiff);
    const auto rowBytes = static_cast<std::size_t>(tiled ? TIFFTileRowSize(tiff) : blockBytes);
    const auto rowBits = (tiled ? tileWidth : width) * static_cast<std::size_t>(channels * layout.bits);
    constexpr tsize_t mostBytes = 1 << 30;
    if (blockBytes <= 0 || blockBytes > mostBytes || rowBytes < (rowBits + 7) / 8)
        return false;
    std::vector<std::uint8_t> block(static_cast<std::size_t>(blockBytes));
    for (int plane = 0; plane < planes; ++plane) {
        const auto which = static_cast<std::uint16_t>(plane);
        for (std::size_t y = 0; !tiled && y < height; ++y) {
            if (TIFFReadScanline(tiff, block.data(), static_cast<std::uint32_t>(y), which) < 0)
                return false;
            placePixels(block.data(), layout, channels, targetOf(0, y, plane), width);
        }
        for (std::size_t y = 0; tiled && y < height; y += tileHeight) {
            for (std::size_t x = 0; x < width; x += tileWidth) {
                if (TIFFReadTile(tiff, block.data(), static_cast<std::uint32_t>(x), static_cast<std::uint32_t>(y), 0,
                                 which) < 0)
                    return false;
                for (std::size_t row = 0; row < tileHeight && y + row < height; ++row)
                    placePixels(block.data() + row * rowBytes, layout, channels, targetOf(x, y + row, plane),
                                std::min<std::size_t>(tileWidth, width - x));
            }
        }
    }
    return true;
}

/// From ink to light where 0 is white; from colours that are multiplied by alpha to colours.
template<typename Sample>
void straighten(StoredPicture& picture, const Layout& layout)
{
    constexpr unsigned most = static_cast<Sample>(~Sample{0});
    const auto colours = static_cast<std::size_t>(layout.colours()), step = static_cast<std::size_t>(layout.samples);
    const bool inverted = layout.photometric == PHOTOMETRIC_MINISWHITE || picture.inks;
    const bool multiplied = step > colours && layout.extra == EXTRASAMPLE_ASSOCALPHA;
    if (!inverted && !multiplied)
        return;
    auto* samples = reinterpret_cast<Sample*>(picture.samples.data());
    for (auto left = picture.samples.size() / (step * sizeof(Sample)); left > 0; --left, samples += step) {
        for (std::size_t c = 0; c < colours; ++c) {
            if (inverted)
                samples[c] = static_cast<Sample>(most - samples[c]);
            if (const unsigned alpha = samples[colours]; multiplied && alpha > 0 && alpha < most)
                samples[c] = static_cast<Sample>(std::min(most, (samples[c] * most + alpha / 2) / alpha));
        }
    }
}

/// Leaves the first `channels` of each pixel.
void keepChannels(StoredPicture& picture, int channels)
{
    const auto bytes = static_cast<std::size_t>(picture.bits / 8);
    const auto step = static_cast<std::size_t>(picture.channels) * bytes;
    const auto kept = static_cast<std::size_t>(channels) * bytes, pixels = picture.samples.size() / step;
    for (std::size_t i = 0; i < pixels; ++i)
        std::memmove(picture.samples.data() + i * kept, picture.samples.data() + i * step, kept);
    picture.channels = channels;
    picture.samples.resize(pixels * kept);
}

/// Palettes, few bits and YCbCr as libtiff makes RGB of them, over white. False where it cannot.
bool readAsRgb(TIFF* tiff, StoredPicture& picture)
{
    char reason[1024] = {};
    TIFFRGBAImage reader;
    if (TIFFRGBAImageOK(tiff, reason) == 0 || TIFFRGBAImageBegin(&reader, tiff, 1, reason) == 0)
        return false;
    reader.orientation = reader.req_orientation = ORIENTATION_TOPLEFT; // picture is turned later
    std::vector<std::uint32_t> raster(static_cast<std::size_t>(picture.size.width * picture.size.height));
    const bool done = TIFFRGBAImageGet(&reader, raster.data(), static_cast<std::uint32_t>(picture.size.width),
                                       static_cast<std::uint32_t>(picture.size.height)) != 0;
    TIFFRGBAImageEnd(&reader);
    if (!done)
        return false;
    picture.channels = 3;
    picture.bits = 8;
    picture.samples.resize(3 * raster.size());
    auto* target = picture.samples.data();
    for (const auto pixel : raster) { // colours are multiplied by alpha
        const unsigned white = 255 - TIFFGetA(pixel);
        *target++ = static_cast<std::uint8_t>(std::min(255u, TIFFGetR(pixel) + white));
        *target++ = static_cast<std::uint8_t>(std::min(255u, TIFFGetG(pixel) + white));
        *target++ = static_cast<std::uint8_t>(std::min(255u, TIFFGetB(pixel) + white));
    }
    return true;
}

} // namespace

StoredPicture decodeTiff(std::span<const std::byte> bytes, const std::string& name)
{
    Source source{.bytes = bytes};
    const auto damaged = [&name] {
        return DataError(name + " is a TIFF picture that is truncated, damaged or of a sort that is not read: fetch it "
                                "again, or convert it to PNG");
    };
    const auto tiff = openTiff(source);
    std::uint32_t width = 0, height = 0;
    if (!tiff || TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width) != 1 ||
        TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height) != 1)
        throw damaged();
    StoredPicture picture;
    picture.size = {.width = width, .height = height};
    requireReasonableSize(picture.size, name);
    const Layout layout(tiff.get());
    requireKnownLayout(tiff.get(), layout, name);
    std::uint32_t profileBytes = 0;
    void* profile = nullptr;
    if (TIFFGetField(tiff.get(), TIFFTAG_ICCPROFILE, &profileBytes, &profile) == 1 && profile != nullptr) {
        const auto* const begin = static_cast<const std::byte*>(profile);
        picture.profile.assign(begin, begin + profileBytes);
    }
    if (!layout.plain()) {
        if (!readAsRgb(tiff.get(), picture))
            throw damaged();
        return picture;
    }
    picture.channels = layout.samples;
    picture.bits = layout.bits > 8 ? 16 : 8;
    picture.inks = layout.photometric == PHOTOMETRIC_SEPARATED;
    picture.samples.resize(picture.rowBytes() * static_cast<std::size_t>(height));
    if (!readSamples(tiff.get(), layout, picture))
        throw damaged();
    if (picture.bits == 8)
        straighten<std::uint8_t>(picture, layout);
    else
        straighten<std::uint16_t>(picture, layout);
    if (layout.samples > layout.colours() && layout.extra == EXTRASAMPLE_UNSPECIFIED)
        keepChannels(picture, layout.colours());
    return picture;
}

} // namespace nanodit
