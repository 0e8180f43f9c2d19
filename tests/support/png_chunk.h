#pragma once

#include <cstdint>
#include <string>
#include <zlib.h>

namespace nanodit::test {

/// A chunk of a PNG file, with its length and checksum.
inline std::string pngChunk(const std::string& type, const std::string& data)
{
    const auto big = [](std::uint32_t value) {
        return std::string{static_cast<char>(value >> 24), static_cast<char>(value >> 16),
                           static_cast<char>(value >> 8), static_cast<char>(value)};
    };
    const auto content = type + data;
    const auto sum = crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
    return big(static_cast<std::uint32_t>(data.size())) + content + big(static_cast<std::uint32_t>(sum));
}

} // namespace nanodit::test
