#include "core/io/decompress.h"

#include "core/io/archive_names.h"
#include "core/runtime/error.h"

#include <archive_entry.h>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <unistd.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// A file that is being written and closed with this object.
class Target {
public:
    explicit Target(const fs::path& file)
        : file_(file)
        , descriptor_(::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600))
    {
        if (descriptor_ < 0)
            fail();
    }
    ~Target() { ::close(descriptor_); }
    Target(const Target&) = delete;
    Target& operator=(const Target&) = delete;

    void write(const char* data, std::size_t size) const
    {
        while (size > 0) {
            const auto written = ::write(descriptor_, data, size);
            if (written < 0 && errno == EINTR)
                continue;
            if (written < 0)
                fail();
            data += written;
            size -= static_cast<std::size_t>(written);
        }
    }

private:
    [[noreturn]] void fail() const
    {
        throw StoreError("cannot write " + file_.string() + ": " + std::strerror(errno) +
                         "; free some space or make its folder writable, and try again");
    }

    const fs::path& file_;
    int descriptor_;
};

} // namespace

std::string decompressFile(const fs::path& source, const fs::path& target, const std::function<bool()>& stop)
{
    constexpr std::size_t blockBytes = 1 << 20;
    constexpr std::int64_t alwaysTaken = 1 << 30, mostGrowth = 1000;
    const Target file(target);
    const std::unique_ptr<archive, decltype(&archive_read_free)> reader(archive_read_new(), archive_read_free);
    // By name, for "all" would start programs for filters that the library lacks.
    archive_read_support_filter_gzip(reader.get());
    archive_read_support_filter_bzip2(reader.get());
    archive_read_support_filter_xz(reader.get());
    archive_read_support_filter_zstd(reader.get());
    archive_read_support_format_raw(reader.get());
    archive_entry* entry = nullptr;
    if (archive_read_open_filename(reader.get(), source.c_str(), blockBytes) != ARCHIVE_OK ||
        archive_read_next_header(reader.get(), &entry) != ARCHIVE_OK)
        return source.string() + " is compressed data that are damaged or end early: fetch it again";
    std::int64_t written = 0;
    for (;;) {
        const void* block = nullptr;
        std::size_t size = 0;
        la_int64_t offset = 0;
        const int result = archive_read_data_block(reader.get(), &block, &size, &offset);
        if (result == ARCHIVE_EOF || stop())
            return {};
        if (result < ARCHIVE_WARN)
            return source.string() + " is compressed data that are damaged or end early: fetch it again";
        file.write(static_cast<const char*>(block), size);
        written += static_cast<std::int64_t>(size);
        if (written > alwaysTaken && written / mostGrowth > archive_filter_bytes(reader.get(), -1))
            return source.string() + " grows more than a thousandfold when it is decompressed: unpack it by hand if "
                                     "that is right";
    }
}

} // namespace nanodit
