#include "core/io/archive_writer.h"

#include "core/io/archive_names.h"
#include "core/runtime/error.h"

#include <archive_entry.h>

#include <memory>
#include <utility>

namespace nanodit {

namespace {

struct EntryDeleter {
    void operator()(archive_entry* entry) const { archive_entry_free(entry); }
};

} // namespace

ArchiveWriter::ArchiveWriter(ArchiveFormat format, Sink sink)
    : sink_(std::move(sink))
    , archive_(archive_write_new())
{
    if (format == ArchiveFormat::Tar) {
        archive_write_set_format_pax_restricted(archive_);
    } else {
        archive_write_set_format_zip(archive_);
        archive_write_zip_set_compression_store(archive_);
        archive_write_set_bytes_in_last_block(archive_, 1); // A zip ends with its directory: no padding behind it.
    }
    check(archive_write_open(archive_, this, nullptr, &ArchiveWriter::pass, nullptr));
}

ArchiveWriter::~ArchiveWriter()
{
    if (archive_ == nullptr)
        return;
    sink_ = nullptr; // Not finished: nothing more goes there.
    archive_write_free(archive_);
}

void ArchiveWriter::add(const std::string& name, std::span<const std::byte> data)
{
    const Utf8Names utf8;
    const std::unique_ptr<archive_entry, EntryDeleter> entry(archive_entry_new());
    archive_entry_set_pathname(entry.get(), name.c_str());
    archive_entry_set_filetype(entry.get(), AE_IFREG);
    archive_entry_set_perm(entry.get(), 0644);
    archive_entry_set_mtime(entry.get(), 0, 0);
    archive_entry_set_uid(entry.get(), 0);
    archive_entry_set_gid(entry.get(), 0);
    archive_entry_set_size(entry.get(), static_cast<la_int64_t>(data.size()));
    check(archive_write_header(archive_, entry.get()));
    while (!data.empty()) {
        const auto written = archive_write_data(archive_, data.data(), data.size());
        check(written > 0 ? ARCHIVE_OK : ARCHIVE_FATAL);
        data = data.subspan(static_cast<std::size_t>(written));
    }
    check(archive_write_finish_entry(archive_));
}

void ArchiveWriter::finish()
{
    check(archive_write_close(archive_));
    archive_write_free(std::exchange(archive_, nullptr));
}

std::ptrdiff_t ArchiveWriter::pass(archive*, void* self, const void* data, std::size_t size)
{
    auto& writer = *static_cast<ArchiveWriter*>(self);
    // libarchive is C: no exception may pass through it. Nor does it learn of the failure, after which it would not
    // free all that it holds; check() ends the writing.
    try {
        if (writer.sink_ && !writer.failed_)
            writer.sink_({static_cast<const std::byte*>(data), size});
    } catch (...) {
        writer.failed_ = true;
        writer.failure_ = std::current_exception();
    }
    return static_cast<std::ptrdiff_t>(size);
}

void ArchiveWriter::check(int result)
{
    if (failure_)
        std::rethrow_exception(std::exchange(failure_, nullptr));
    if (result < ARCHIVE_WARN)
        throw StoreError("an archive cannot be written: " + archiveMessage(archive_));
}

} // namespace nanodit
