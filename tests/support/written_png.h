#pragma once

#include "tests/support/png_chunk.h"

#include <cstdint>
#include <string>
#include <vector>
#include <zlib.h>

namespace nanodit::test {

/// A big-endian number of four bytes.
inline std::string big(std::uint32_t value)
{
    return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
            static_cast<char>(value)};
}

/// A PNG of one pixel, grey (of one sample) or RGB, with chunks before its pixels.
inline std::string pngOf(const std::vector<std::uint8_t>& pixel, const std::string& chunks)
{
    using namespace std::string_literals;
    const auto row = "\0"s + std::string(pixel.begin(), pixel.end());
    std::string packed(64, '\0');
    auto length = static_cast<uLongf>(packed.size());
    compress(reinterpret_cast<Bytef*>(packed.data()), &length, reinterpret_cast<const Bytef*>(row.data()),
             static_cast<uLong>(row.size()));
    packed.resize(length);
    const auto kind = pixel.size() == 1 ? "\x08\0\0\0\0"s : "\x08\2\0\0\0"s;
    return "\x89PNG\r\n\x1a\n"s + pngChunk("IHDR", big(1) + big(1) + kind) + chunks + pngChunk("IDAT", packed) +
           pngChunk("IEND", "");
}

} // namespace nanodit::test
