#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <span>
#include <string>

struct archive;

namespace nanodit {

/// Tar: headers are plain USTAR, with a PAX record only for names that USTAR cannot hold. Zip: stored, not compressed,
/// with ZIP64 fields where sizes or counts need them.
enum class ArchiveFormat { Tar, Zip };

/// Writes an archive of regular files through libarchive. Equal input gives equal bytes: times and owners are zero.
class ArchiveWriter {
public:
    using Sink = std::function<void(std::span<const std::byte>)>;
    /// `sink` gets the archive piece by piece; what it throws comes out of add() or finish().
    ArchiveWriter(ArchiveFormat format, Sink sink);
    ~ArchiveWriter();
    ArchiveWriter(const ArchiveWriter&) = delete;
    ArchiveWriter& operator=(const ArchiveWriter&) = delete;

    /// `name` is UTF-8.
    void add(const std::string& name, std::span<const std::byte> data);
    void finish();

private:
    static std::ptrdiff_t pass(archive* writer, void* self, const void* data, std::size_t size);
    void check(int result);

    Sink sink_;
    bool failed_ = false;
    std::exception_ptr failure_;
    archive* archive_ = nullptr;
};

} // namespace nanodit
