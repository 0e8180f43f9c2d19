#include "core/io/atomic_file.h"
#include "core/io/film.h"
#include "core/io/png.h"
#include "core/runtime/error.h"

#include <cmath>
#include <string_view>

namespace nanodit {

namespace {

void appendBigEndian16(std::string& bytes, std::uint32_t value)
{
    bytes += static_cast<char>(value >> 8);
    bytes += static_cast<char>(value);
}

void append32(std::string& bytes, std::uint32_t value)
{
    appendBigEndian16(bytes, value >> 16);
    appendBigEndian16(bytes, value & 0xffff);
}

/// The chunks of a PNG that this program encoded: its IHDR, and the data of all its IDATs.
struct Encoded {
    std::string header, data;
};
Encoded encoded(const Image& image)
{
    const auto png = encodePng(image);
    PngChunks chunks(std::as_bytes(std::span(png)));
    Encoded result;
    for (PngChunk chunk; chunks.next(chunk);) {
        const std::string_view data(reinterpret_cast<const char*>(chunk.data.data()), chunk.data.size());
        if (chunk.type == "IHDR")
            result.header = data;
        else if (chunk.type == "IDAT")
            result.data += data;
    }
    return result;
}

} // namespace

void writeAnimatedPng(const std::filesystem::path& file, const std::vector<Image>& frames, double secondsPerFrame)
{
    requireOneSize(frames);
    std::vector<std::uint8_t> bytes(pngSignature.begin(), pngSignature.end());
    const auto append = [&bytes](std::string_view type, const std::string& data) {
        appendPngChunk(bytes, type, std::as_bytes(std::span(data)));
    };
    std::uint32_t sequence = 0;
    for (std::size_t i = 0; i < frames.size(); ++i) {
        const auto [header, data] = encoded(frames[i]);
        if (i == 0) {
            append("IHDR", header);
            std::string control;
            append32(control, static_cast<std::uint32_t>(frames.size()));
            append32(control, 0); // for ever
            append("acTL", control);
        }
        std::string frame;
        append32(frame, sequence++);
        append32(frame, static_cast<std::uint32_t>(frames[i].size.width));
        append32(frame, static_cast<std::uint32_t>(frames[i].size.height));
        append32(frame, 0);
        append32(frame, 0);
        appendBigEndian16(frame, static_cast<std::uint32_t>(std::lround(secondsPerFrame * 1000)));
        appendBigEndian16(frame, 1000);
        frame += std::string(2, '\0'); // leave the frame, replace what was
        append("fcTL", frame);
        if (i == 0) {
            append("IDAT", data);
        } else {
            std::string numbered;
            append32(numbered, sequence++);
            append("fdAT", numbered + data);
        }
    }
    append("IEND", {});
    writeFileAtomically(file, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

} // namespace nanodit
