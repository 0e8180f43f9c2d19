#include "core/io/image_header.h"

#include "core/io/big_endian.h"
#include "core/io/png.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

using Bytes = std::span<const std::byte>;

unsigned byteAt(Bytes bytes, std::size_t at)
{
    return std::to_integer<unsigned>(bytes[at]);
}

std::uint32_t littleEndian(Bytes bytes, std::size_t at, std::size_t count)
{
    std::uint32_t value = 0;
    for (std::size_t i = count; i-- > 0;)
        value = (value << 8) | byteAt(bytes, at + i);
    return value;
}

bool startsWith(Bytes bytes, std::string_view text)
{
    return bytes.size() >= text.size() &&
           std::string_view(reinterpret_cast<const char*>(bytes.data()), text.size()) == text;
}

/// The orientation tag (0x0112) of the first directory of EXIF data, which are laid out as a TIFF file; 1 where there
/// is none.
int orientationOf(Bytes exif)
{
    using namespace std::string_view_literals;
    if (startsWith(exif, "Exif\0\0"sv))
        exif = exif.subspan(6);
    const bool little = startsWith(exif, "II*\0"sv);
    if (!little && !startsWith(exif, "MM\0*"sv))
        return 1;
    const auto read16 = [&](std::size_t at) -> std::uint32_t {
        return little ? littleEndian(exif, at, 2) : bigEndian16(exif, at);
    };
    const auto read32 = [&](std::size_t at) { return little ? littleEndian(exif, at, 4) : bigEndian32(exif, at); };
    if (exif.size() < 8)
        return 1;
    const std::size_t directory = read32(4);
    if (directory > exif.size() - 2)
        return 1;
    constexpr std::size_t entryBytes = 12;
    const std::size_t entries = read16(directory);
    for (std::size_t i = 0; i < entries; ++i) {
        const auto entry = directory + 2 + i * entryBytes;
        if (entry + entryBytes > exif.size())
            return 1;
        constexpr std::uint32_t orientationTag = 0x0112, shortType = 3;
        if (read16(entry) == orientationTag && read16(entry + 2) == shortType) {
            const auto value = static_cast<int>(read16(entry + 8));
            return value >= 1 && value <= 8 ? value : 1;
        }
    }
    return 1;
}

/// Where the marker behind a scan's entropy-coded data begins; the file's size when there is none.
std::size_t endOfScan(Bytes file, std::size_t at)
{
    for (; at + 1 < file.size(); ++at) {
        if (byteAt(file, at) != 0xff)
            continue;
        const auto next = byteAt(file, at + 1);
        const bool partOfScan = next == 0x00 || next == 0xff || (next >= 0xd0 && next <= 0xd7);
        if (!partOfScan)
            return at;
    }
    return file.size();
}

/// JPEG: segments of marker, length, data (ITU T.81, annex B).
void parseJpeg(Bytes file, bool toTheEnd, ImageHeader& header)
{
    header.complete = false;
    bool exifSeen = false;
    for (std::size_t at = 2; at + 4 <= file.size();) {
        if (byteAt(file, at) != 0xff)
            return;
        const auto marker = byteAt(file, at + 1);
        if (marker == 0xff) { // Fill byte.
            ++at;
            continue;
        }
        const auto length = std::size_t{bigEndian16(file, at + 2)};
        if (length < 2 || length > file.size() - at - 2)
            return;
        const auto data = file.subspan(at + 4, length - 2);
        const bool startOfFrame =
            marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
        if (startOfFrame && data.size() >= 5 && !header.stored)
            header.stored = ImageSize{.width = bigEndian16(data, 3), .height = bigEndian16(data, 1)};
        if (marker == 0xe1 && !exifSeen && startsWith(data, "Exif")) {
            header.orientation = orientationOf(data);
            exifSeen = true;
        }
        at += 2 + length;
        if (marker != 0xda)
            continue;
        if (!toTheEnd) {
            header.complete = true;
            return;
        }
        at = endOfScan(file, at);
        if (at + 2 <= file.size() && byteAt(file, at + 1) == 0xd9) {
            header.complete = true;
            return;
        }
    }
}

void parsePng(Bytes file, bool toTheEnd, ImageHeader& header)
{
    PngChunks chunks(file);
    bool damaged = false;
    for (PngChunk chunk; chunks.next(chunk);) { // To the end in any case: the orientation may stand behind the pixels.
        const bool critical = (static_cast<unsigned char>(chunk.type[0]) & 0x20u) == 0;
        damaged |= toTheEnd && critical && !chunk.checksumHolds();
        if (chunk.type == "IHDR" && chunk.data.size() == 13)
            header.stored = ImageSize{.width = bigEndian32(chunk.data, 0), .height = bigEndian32(chunk.data, 4)};
        if (chunk.type == "eXIf")
            header.orientation = orientationOf(chunk.data);
    }
    header.complete = header.stored && !damaged && (!toTheEnd || chunks.complete());
}

/// WebP: RIFF chunks; the first is VP8 (lossy), VP8L (lossless) or VP8X (extended).
void parseWebp(Bytes file, ImageHeader& header)
{
    const std::size_t end = std::size_t{littleEndian(file, 4, 4)} + 8;
    header.complete = end <= file.size();
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
        else if (startsWith(chunk, "EXIF"))
            header.orientation = orientationOf(data);
        at += 8 + length + (length & 1);
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

ImageHeader parseImageHeader(Bytes file, bool toTheEnd)
{
    ImageHeader header;
    if (startsWith(file, "\xff\xd8\xff")) {
        header.format = ImageHeader::Format::Jpeg;
        parseJpeg(file, toTheEnd, header);
    } else if (PngChunks::hasSignature(file)) {
        header.format = ImageHeader::Format::Png;
        parsePng(file, toTheEnd, header);
    } else if (file.size() >= 12 && startsWith(file, "RIFF") && startsWith(file.subspan(8), "WEBP")) {
        header.format = ImageHeader::Format::Webp;
        parseWebp(file, header);
    } else if (startsWith(file, "BM")) {
        header.format = ImageHeader::Format::Bmp;
    }
    return header;
}

} // namespace nanodit
