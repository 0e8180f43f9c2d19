#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace nanodit {

/// SHA-256 of a file that may be read in turns: after a stop it is read on from where it was left. One thread at a
/// time.
class FileHash {
public:
    explicit FileHash(std::filesystem::path file);
    ~FileHash();

    /// Reads on until the end, or until `goOn`, which gets the size of each piece, returns false. 64 lower-case
    /// hexadecimal digits; empty while not all was read. Throws DataError naming the file when it cannot be read.
    const std::optional<std::string>& read(const std::function<bool(std::size_t bytes)>& goOn);

private:
    struct Reading;
    std::filesystem::path file_;
    std::unique_ptr<Reading> reading_; ///< While some of it is left.
    std::optional<std::string> hex_;
};

} // namespace nanodit
