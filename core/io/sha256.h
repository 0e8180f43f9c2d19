#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

namespace nanodit {

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
public:
    Sha256();
    void update(std::span<const std::byte> bytes);
    void update(std::string_view text) { update(std::as_bytes(std::span(text.data(), text.size()))); }
    /// 64 lower-case hexadecimal digits. The object must not be used afterwards.
    std::string hex();

private:
    std::array<std::uint32_t, 8> state_;
    std::array<std::byte, 64> block_{};
    std::size_t blockBytes_ = 0;
    std::uint64_t totalBytes_ = 0;
};

std::string sha256Hex(std::string_view text);
/// Of a file's bytes, read in pieces. Throws DataError naming the file when it cannot be read.
std::string sha256OfFile(const std::filesystem::path& file);

} // namespace nanodit
