#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace nanodit {

/// Bytes as text that shares their memory, whatever their encoding is.
inline std::string_view textOf(std::span<const std::byte> bytes)
{
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline bool startsWith(std::span<const std::byte> bytes, std::string_view text)
{
    return textOf(bytes).starts_with(text);
}

} // namespace nanodit
