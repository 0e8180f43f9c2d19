#include "core/io/animated_png.h"

#include "core/io/atomic_file.h"
#include "core/io/film.h"
#include "core/runtime/error.h"

#include <cmath>
#include <string_view>
#include <zlib.h>

namespace nanodit {

namespace {

constexpr std::size_t signatureBytes = 8;

void append16(std::string& bytes, std::uint32_t value)
{
    bytes += static_cast<char>(value >> 8);
    bytes += static_cast<char>(value);
}

void append32(std::string& bytes, std::uint32_t value)
{
    append16(bytes, value >> 16);
    append16(bytes, value & 0xffff);
}

void appendChunk(std::string& file, std::string_view type, std::string_view data)
{
    append32(file, static_cast<std::uint32_t>(data.size()));
    const auto start = file.size();
    file.append(type).append(data);
    append32(file, static_cast<std::uint32_t>(crc32(0, reinterpret_cast<const Bytef*>(file.data() + start),
                                                    static_cast<uInt>(file.size() - start))));
}

std::uint32_t read32(std::string_view bytes, std::size_t at)
{
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i)
        value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// The chunks of a PNG that this program encoded: its IHDR, and the data of all its IDATs.
struct Encoded {
    std::string header, data;
};
Encoded encoded(const Image& image)
{
    const auto png = encodePng(image);
    const std::string_view bytes(reinterpret_cast<const char*>(png.data()), png.size());
    Encoded result;
    for (std::size_t at = signatureBytes; at + 12 <= bytes.size();) {
        const auto length = read32(bytes, at);
        const auto type = bytes.substr(at + 4, 4), data = bytes.substr(at + 8, length);
        if (type == "IHDR")
            result.header = data;
        else if (type == "IDAT")
            result.data += data;
        at += 12 + length;
    }
    return result;
}

} // namespace

void writeAnimatedPng(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame)
{
    requireOneSize(frames);
    std::string bytes{"\x89PNG\r\n\x1a\n", signatureBytes};
    std::uint32_t sequence = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const auto [header, data] = encoded(frames[i]);
        if (i == 0) {
            appendChunk(bytes, "IHDR", header);
            std::string control;
            append32(control, static_cast<std::uint32_t>(frames.size()));
            append32(control, 0); // for ever
            appendChunk(bytes, "acTL", control);
        }
        std::string frame;
        append32(frame, sequence++);
        append32(frame, static_cast<std::uint32_t>(frames[i].size.width));
        append32(frame, static_cast<std::uint32_t>(frames[i].size.height));
        append32(frame, 0);
        append32(frame, 0);
        append16(frame, static_cast<std::uint32_t>(std::lround(secondsPerFrame * 1000)));
        append16(frame, 1000);
        frame += std::string(2, '\0'); // leave the frame, replace what was
        appendChunk(bytes, "fcTL", frame);
        if (i == 0) {
            appendChunk(bytes, "IDAT", data);
        } else {
            std::string numbered;
            append32(numbered, sequence++);
            appendChunk(bytes, "fdAT", numbered + data);
        }
    }
    appendChunk(bytes, "IEND", {});
    writeFileAtomically(file, bytes);
}

} // namespace nanodit
