#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nanodit {

/// Numbers in the byte order of networks and pictures. The caller has checked that they lie inside `bytes`.
inline std::uint16_t bigEndian16(std::span<const std::byte> bytes, std::size_t at)
{
    return static_cast<std::uint16_t>((std::to_integer<unsigned>(bytes[at]) << 8) |
                                      std::to_integer<unsigned>(bytes[at + 1]));
}

inline std::uint32_t bigEndian32(std::span<const std::byte> bytes, std::size_t at)
{
    return (std::uint32_t{bigEndian16(bytes, at)} << 16) | bigEndian16(bytes, at + 2);
}

} // namespace nanodit
