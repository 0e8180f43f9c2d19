#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace nanodit {

/// A number of up to four bytes, the least significant first. The caller has checked that it lies inside `bytes`.
inline std::uint32_t littleEndian(std::span<const std::byte> bytes, std::size_t at, std::size_t count)
{
    std::uint32_t value = 0;
    for (std::size_t i = count; i-- > 0;)
        value = (value << 8) | std::to_integer<std::uint32_t>(bytes[at + i]);
    return value;
}

} // namespace nanodit
