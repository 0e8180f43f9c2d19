#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>

namespace nanodit::test {

/// Turns all bits of one byte of a file, in place; a second time, it is as it was.
inline void damageByte(const std::filesystem::path& file, std::int64_t at)
{
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(at);
    const char byte = static_cast<char>(stream.get() ^ 0xff);
    stream.seekp(at);
    stream.put(byte);
}

} // namespace nanodit::test
