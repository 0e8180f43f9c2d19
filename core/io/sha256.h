#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nanodit {

/// SHA-256 (FIPS 180-4) of bytes that come in pieces.
class Sha256 {
public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;

    void update(std::span<const std::byte> bytes);
    void update(std::string_view text) { update(std::as_bytes(std::span(text.data(), text.size()))); }
    /// 64 lower-case hexadecimal digits of all bytes since the construction or the last call of this.
    std::string hex();

private:
    struct State;
    std::unique_ptr<State> state_;
};

std::string sha256Hex(std::string_view text);
/// Of a file's bytes, read in pieces. Throws DataError naming the file when it cannot be read.
std::string sha256OfFile(const std::filesystem::path& file);
/// The same; `goOn` gets the size of each piece that was read. Empty when it returns false.
std::optional<std::string> sha256OfFile(const std::filesystem::path& file,
                                        const std::function<bool(std::size_t bytes)>& goOn);

} // namespace nanodit
