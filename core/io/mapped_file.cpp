#include "core/io/mapped_file.h"

#include "core/runtime/error.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace nanodit {

std::shared_ptr<const MappedFile> MappedFile::open(const std::filesystem::path& file)
{
    const auto fail = [&file](int code) {
        throw DataError("cannot read " + file.string() + ": " + std::generic_category().message(code));
    };
    // Non-blocking, so that a pipe in the place of a file is refused instead of waited for.
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        fail(errno);
    struct stat status {};
    if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) {
        close(descriptor);
        throw DataError("cannot read " + file.string() + ": it is no regular file");
    }
    const auto size = static_cast<std::size_t>(status.st_size);
    void* start = nullptr;
    if (size > 0)
        start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    const int code = errno;
    close(descriptor);
    if (start == MAP_FAILED)
        fail(code);
    return std::shared_ptr<const MappedFile>(new MappedFile({static_cast<const std::byte*>(start), size}));
}

MappedFile::~MappedFile()
{
    if (!bytes_.empty())
        munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
}

} // namespace nanodit
