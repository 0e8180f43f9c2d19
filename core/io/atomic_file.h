#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace nanodit {

/// A file that appears whole or not at all: written under a temporary name beside it, synced, renamed by commit().
/// Without commit() nothing remains. Throws StoreError (disk full, read-only folder), naming the file.
class AtomicFile {
public:
    explicit AtomicFile(std::filesystem::path target);
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text) { write(std::as_bytes(std::span(text.data(), text.size()))); }
    /// The temporary file, for libraries that write by path or descriptor.
    int descriptor() const { return descriptor_; }
    void commit();

private:
    std::filesystem::path target_;
    std::filesystem::path temporary_;
    int descriptor_ = -1;
};

/// A folder that appears whole or not at all: filled under a temporary name beside the target, synced, renamed by a
/// commit. Without one nothing remains. Throws StoreError.
class AtomicFolder {
public:
    explicit AtomicFolder(std::filesystem::path target);
    ~AtomicFolder();
    AtomicFolder(const AtomicFolder&) = delete;
    AtomicFolder& operator=(const AtomicFolder&) = delete;

    /// The temporary folder to fill.
    const std::filesystem::path& path() const { return temporary_; }
    /// The target must not exist.
    void commit();
    /// Takes the place of the target, if there is one; what was there is removed once the new folder stands. Where the
    /// file system cannot exchange names there is a moment without either; a process that ends in it leaves the old
    /// content for removeAbandonedTemporaries to put back.
    void commitReplacing();

private:
    void sync() const;

    std::filesystem::path target_;
    std::filesystem::path temporary_;
    int descriptor_ = -1;
};

void writeFileAtomically(const std::filesystem::path& target, std::string_view text);
/// Fills a temporary sibling folder through `fill`, syncs it, then renames it to `target`, which must not exist.
void writeFolderAtomically(const std::filesystem::path& target,
                           const std::function<void(const std::filesystem::path&)>& fill);
/// A free name in the target's folder that removeAbandonedTemporaries knows. Whoever makes a file of that name holds a
/// lock (flock) on it while it is of use.
std::filesystem::path temporaryNameBeside(const std::filesystem::path& target);
/// Removes a folder so that others see all of it or nothing: it loses its name first. Where this is interrupted, or not
/// everything can be removed, removeAbandonedTemporaries finds the rest. Throws StoreError when it cannot be renamed.
void removeFolderAtOnce(const std::filesystem::path& folder);
/// Removes what interrupted writers of this folder left (names that only this module makes), but nothing that a living
/// process is still writing. Content that was to be replaced when its writer ended gets its name back.
void removeAbandonedTemporaries(const std::filesystem::path& folder);

/// Waits until what was written to the file is on the disk. A file that is not there needs no waiting. Throws
/// StoreError.
void syncFile(const std::filesystem::path& file);

/// The whole file as text, or what comes out of a pipe that somebody writes to. Throws DataError naming it.
std::string readTextFile(const std::filesystem::path& file);

} // namespace nanodit
