#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace nanodit {

/// A file mapped read-only into memory; unmapped with the last owner. Another process must not shorten it meanwhile
/// (files that are replaced by rename, as everything written here, are safe).
class MappedFile {
public:
    /// Throws DataError naming the file: missing, unreadable, a folder, a device.
    static std::shared_ptr<const MappedFile> open(const std::filesystem::path& file);
    ~MappedFile();
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;

    std::span<const std::byte> bytes() const { return bytes_; }

private:
    explicit MappedFile(std::span<const std::byte> bytes)
        : bytes_(bytes)
    {
    }
    std::span<const std::byte> bytes_;
};

} // namespace nanodit
