#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace nanodit {

/// A file mapped read-only into memory; unmapped with the last owner. When another process shortens it meanwhile, or
/// the disk or network fails, touching its bytes ends the process: ask canBeRead() first where that may happen (files
/// that are replaced by rename, as everything written here, are safe from the former).
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

/// Whether every page of mapped memory is there: reads one byte of each, so that what is read next is in memory. False
/// where the file was shortened or its disk failed. Any thread.
bool canBeRead(std::span<const std::byte> mapped);

} // namespace nanodit
