#include "core/io/image_header.h"

#include "core/io/big_endian.h"
#include "core/io/byte_text.h"
#include "core/io/exif.h"
#include "core/io/file_kind.h"
#include "core/io/little_endian.h"
#include "core/io/png.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

using Bytes = std::span<const std::byte>;
using namespace std::string_view_literals;

unsigned byteAt(Bytes bytes, std::size_t at)
{
    return std::to_integer<unsigned>(bytes[at]);
}

/// The first place that says something counts, and EXIF before XMP.
class Orientation {
public:
    void exif(int found) { exif_ = exif_ > 0 ? exif_ : found; }
    void xmp(int found) { xmp_ = xmp_ > 0 ? xmp_ : found; }
    int value() const { return exif_ > 0 ? exif_ : std::max(xmp_, 1); }

private:
    int exif_ = 0, xmp_ = 0;
};

/// JPEG: segments of marker, length, data (ITU T.81, annex B), up to the first scan. Stray bytes between segments are
/// passed over, as decoders do.
void parseJpeg(Bytes file, ImageHeader& header)
{
    header.complete = false;
    Orientation orientation;
    for (std::size_t at = 2; at + 4 <= file.size();) {
        const auto marker = byteAt(file, at + 1);
        const bool standsAlone = marker == 0x00 || marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8);
        if (byteAt(file, at) != 0xff || marker == 0xff || standsAlone) {
            ++at;
            continue;
        }
        const auto length = std::size_t{bigEndian16(file, at + 2)};
        if (length < 2 || length > file.size() - at - 2)
            break;
        const auto data = file.subspan(at + 4, length - 2);
        const bool startOfFrame =
            marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
        if (startOfFrame && data.size() >= 5 && !header.stored)
            header.stored = ImageSize{.width = bigEndian16(data, 3), .height = bigEndian16(data, 1)};
        if (marker == 0xe1 && startsWith(data, "Exif"))
            orientation.exif(orientationOfExif(data));
        else if (marker == 0xe1 && startsWith(data, "http://ns.adobe.com/xap/1.0/"))
            orientation.xmp(orientationOfXmp(textOf(data)));
        at += 2 + length;
        if (marker == 0xda) {
            header.complete = true;
            break;
        }
    }
    header.orientation = orientation.value();
}

void parsePng(Bytes file, ImageHeader& header)
{
    Orientation orientation;
    PngChunks chunks(file);
    for (PngChunk chunk; chunks.next(chunk);) { // To the end: the orientation may stand behind the pixels.
        if (chunk.type == "IHDR" && chunk.data.size() == 13)
            header.stored = ImageSize{.width = bigEndian32(chunk.data, 0), .height = bigEndian32(chunk.data, 4)};
        else if (chunk.type == "acTL" && chunk.data.size() >= 4)
            header.animated = bigEndian32(chunk.data, 0) > 1;
        else if (chunk.type == "eXIf")
            orientation.exif(orientationOfExif(chunk.data));
        else if (const auto text = pngTextNamed(chunk, "Raw profile type "))
            orientation.exif(orientationOfRawProfile(*text));
        else if (const auto packet = pngTextNamed(chunk, "XML:com.adobe.xmp"))
            orientation.xmp(orientationOfXmp(*packet));
    }
    header.orientation = orientation.value();
    header.complete = header.stored.has_value();
}

/// WebP: RIFF chunks; the first is VP8 (lossy), VP8L (lossless) or VP8X (extended).
void parseWebp(Bytes file, ImageHeader& header)
{
    const std::size_t end = std::size_t{littleEndian(file, 4, 4)} + 8;
    header.complete = end <= file.size();
    int frames = 0;
    Orientation orientation;
    for (std::size_t at = 12; at + 8 <= file.size();) {
        const auto chunk = file.subspan(at);
        const std::size_t length = littleEndian(chunk, 4, 4);
        const auto data = chunk.subspan(8, std::min(length, chunk.size() - 8));
        if (startsWith(chunk, "VP8X") && data.size() >= 10)
            header.stored = ImageSize{.width = littleEndian(data, 4, 3) + 1, .height = littleEndian(data, 7, 3) + 1};
        else if (startsWith(chunk, "VP8L") && data.size() >= 5 && !header.stored)
            header.stored = ImageSize{.width = (littleEndian(data, 1, 4) & 0x3fff) + 1,
                                      .height = ((littleEndian(data, 1, 4) >> 14) & 0x3fff) + 1};
        else if (startsWith(chunk, "VP8 ") && data.size() >= 10 && !header.stored)
            header.stored =
                ImageSize{.width = littleEndian(data, 6, 2) & 0x3fff, .height = littleEndian(data, 8, 2) & 0x3fff};
        else if (startsWith(chunk, "ANMF"))
            header.animated = ++frames > 1;
        else if (startsWith(chunk, "EXIF"))
            orientation.exif(orientationOfExif(data));
        else if (startsWith(chunk, "XMP "))
            orientation.xmp(orientationOfXmp(textOf(data)));
        at += 8 + length + (length & 1);
    }
    header.orientation = orientation.value();
}

void parseGif(Bytes file, ImageHeader& header)
{
    if (file.size() < 13)
        return;
    const ImageSize screen{.width = littleEndian(file, 6, 2), .height = littleEndian(file, 8, 2)};
    if (screen.width > 0 && screen.height > 0) // else its first frame tells
        header.stored = screen;
    // A frame behind another begins with a graphic control extension; a still picture has one at most.
    constexpr auto control = "\x21\xf9\x04"sv, separator = "\x00\x2c"sv;
    const auto text = textOf(file);
    int frames = 0;
    for (auto at = text.find(control); at != std::string_view::npos && frames < 2; at = text.find(control, at + 8))
        frames += at + 9 <= text.size() && text.substr(at + 7, 2) == separator;
    header.animated = frames > 1;
}

void parseBmp(Bytes file, ImageHeader& header)
{
    if (file.size() < 26)
        return;
    const bool old = littleEndian(file, 14, 4) == 12; // BITMAPCOREHEADER
    const auto height = static_cast<std::int32_t>(littleEndian(file, old ? 20 : 22, old ? 2 : 4));
    const auto width = static_cast<std::int32_t>(littleEndian(file, 18, old ? 2 : 4));
    header.stored = ImageSize{.width = width, .height = std::abs(std::int64_t{height})}; // negative: from the top down
}

/// The directories of a TIFF or BigTIFF file: the first is the picture, others are further pages, or smaller ones and
/// masks of it.
void parseTiff(Bytes file, ImageHeader& header)
{
    const bool little = startsWith(file, "II");
    const auto read = [&](std::uint64_t at, std::size_t count) {
        std::uint64_t value = 0;
        for (std::size_t i = 0; i < count; ++i)
            value = value << 8 | byteAt(file, at + (little ? count - 1 - i : i));
        return value;
    };
    constexpr std::size_t shortest = 16;
    if (file.size() < shortest || (read(2, 2) != 42 && read(2, 2) != 43))
        return;
    const bool big = read(2, 2) == 43;
    const std::size_t countBytes = big ? 8 : 2, entryBytes = big ? 20 : 12;
    constexpr std::uint64_t shortType = 3, wideType = 16;
    // Shows each tag with its value, and gives the place of the next directory; 0 where there is none.
    const auto walk = [&](std::uint64_t directory, const auto& show) -> std::uint64_t {
        if (directory > file.size() - countBytes)
            return 0;
        const auto entries = read(directory, countBytes);
        for (std::uint64_t i = 0; i < entries; ++i) {
            const auto entry = directory + countBytes + i * entryBytes;
            if (entry + entryBytes > file.size())
                return 0;
            const auto type = read(entry + 2, 2);
            const auto valueBytes = type == shortType ? 2 : type == wideType && big ? 8 : 4;
            show(read(entry, 2), read(entry + (big ? 12 : 8), static_cast<std::size_t>(valueBytes)));
        }
        const auto end = directory + countBytes + entries * entryBytes;
        const std::size_t placeBytes = big ? 8 : 4;
        return end + placeBytes <= file.size() ? read(end, placeBytes) : 0;
    };
    constexpr std::uint64_t subfileType = 254, width = 256, height = 257, orientation = 274;
    constexpr std::uint64_t longest = 1u << 31;
    ImageSize size;
    auto next = walk(big ? read(8, 8) : read(4, 4), [&](std::uint64_t tag, std::uint64_t value) {
        if (tag == width)
            size.width = static_cast<std::int64_t>(std::min(value, longest));
        else if (tag == height)
            size.height = static_cast<std::int64_t>(std::min(value, longest));
        else if (tag == orientation && value >= 1 && value <= 8)
            header.orientation = static_cast<int>(value);
    });
    constexpr int most = 16; // directories may lead to one another without end
    for (int i = 0; next != 0 && !header.animated && i < most; ++i) {
        constexpr std::uint64_t smallerOrMask = 1 | 4;
        bool isPicture = false;
        std::uint64_t kind = 0;
        next = walk(next, [&](std::uint64_t tag, std::uint64_t value) {
            isPicture |= tag == width;
            if (tag == subfileType)
                kind = value;
        });
        header.animated = isPicture && (kind & smallerOrMask) == 0;
    }
    if (size.width > 0 && size.height > 0)
        header.stored = size;
}

/// JPEG 2000: the boxes of a JP2 file (ISO 15444-1, annex I), or a bare code stream with its size first.
void parseJpeg2000(Bytes file, ImageHeader& header)
{
    if (startsWith(file, "\xff\x4f\xff\x51") && file.size() >= 24) {
        header.stored = ImageSize{.width = std::int64_t{bigEndian32(file, 8)} - bigEndian32(file, 16),
                                  .height = std::int64_t{bigEndian32(file, 12)} - bigEndian32(file, 20)};
        return;
    }
    for (std::size_t at = 0; at + 8 <= file.size();) {
        const auto box = file.subspan(at);
        const std::size_t length = bigEndian32(box, 0);
        const auto type = textOf(box).substr(4, 4);
        if (type == "jp2h") { // holds the ones below
            at += 8;
            continue;
        }
        if (length < 8 || length > box.size())
            return;
        if (type == "ihdr" && length >= 16)
            header.stored = ImageSize{.width = bigEndian32(box, 12), .height = bigEndian32(box, 8)};
        constexpr unsigned iccProfile = 2;
        if (type == "colr" && length > 11 && byteAt(box, 8) == iccProfile)
            header.profile.assign(box.begin() + 11, box.begin() + static_cast<std::ptrdiff_t>(length));
        at += length;
    }
}

/// Netpbm: a letter and a digit, then width and height between blanks and comments.
void parseNetpbm(Bytes file, ImageHeader& header)
{
    const auto text = textOf(file).substr(0, 4096);
    std::size_t at = 2;
    const auto number = [&]() -> std::int64_t {
        for (; at < text.size() && " \t\r\n#"sv.find(text[at]) != std::string_view::npos; ++at) {
            if (text[at] == '#')
                at = std::min(text.find('\n', at), text.size() - 1);
        }
        constexpr auto largest = std::numeric_limits<std::int64_t>::max();
        std::int64_t value = 0;
        for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at)
            value = value > largest / 10 - 1 ? largest : value * 10 + (text[at] - '0');
        return value;
    };
    if (text.starts_with("P7")) // PAM names its fields
        return;
    const auto width = number();
    header.stored = ImageSize{.width = width, .height = number()};
}

/// HEIC and AVIF: boxes of a length and a type. Where further pictures follow the first, their times stand in a box
/// "moov", as those of a film do.
void parseHeif(Bytes file, ImageHeader& header)
{
    constexpr std::size_t headBytes = 8, longHeadBytes = 16;
    for (std::size_t at = 0; at + longHeadBytes <= file.size();) {
        const auto box = file.subspan(at);
        std::uint64_t length = bigEndian32(box, 0);
        if (length == 1) // 64 bits do not fit there
            length = std::uint64_t{bigEndian32(box, 8)} << 32 | bigEndian32(box, 12);
        header.animated |= startsWith(box.subspan(4), "moov");
        if (length < headBytes || length > box.size()) // 0: to the end of the file
            return;
        at += static_cast<std::size_t>(length);
    }
}

} // namespace

std::optional<ImageSize> ImageHeader::upright() const
{
    auto size = stored;
    if (size && orientation >= 5)
        std::swap(size->width, size->height);
    return size;
}

ImageHeader parseImageHeader(Bytes file)
{
    ImageHeader header;
    switch (fileKindOf(file)) {
    case FileKind::Jpeg:
        header.format = ImageHeader::Format::Jpeg;
        parseJpeg(file, header);
        break;
    case FileKind::Png:
        header.format = ImageHeader::Format::Png;
        parsePng(file, header);
        break;
    case FileKind::Webp:
        header.format = ImageHeader::Format::Webp;
        parseWebp(file, header);
        break;
    case FileKind::Gif:
        header.format = ImageHeader::Format::Gif;
        parseGif(file, header);
        break;
    case FileKind::Bmp:
        header.format = ImageHeader::Format::Bmp;
        parseBmp(file, header);
        break;
    case FileKind::Tiff:
        header.format = ImageHeader::Format::Tiff;
        parseTiff(file, header);
        break;
    case FileKind::Jpeg2000:
        header.format = ImageHeader::Format::Jpeg2000;
        parseJpeg2000(file, header);
        break;
    case FileKind::Netpbm:
        header.format = ImageHeader::Format::Netpbm;
        parseNetpbm(file, header);
        break;
    case FileKind::Avif:
    case FileKind::Heic:
        header.format = ImageHeader::Format::Heif;
        parseHeif(file, header);
        break;
    default:
        break;
    }
    return header;
}

bool tellsOfAnimation(Bytes file)
{
    if (fileKindOf(file) != FileKind::Png)
        return parseImageHeader(file).animated;
    PngChunks chunks(file);
    for (PngChunk chunk; chunks.next(chunk) && chunk.type != "IDAT";) {
        if (chunk.type == "acTL" && chunk.data.size() >= 4)
            return bigEndian32(chunk.data, 0) > 1;
    }
    return false;
}

} // namespace nanodit
