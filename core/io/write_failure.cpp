#include "core/io/write_failure.h"

#include "core/runtime/error.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <unistd.h>

namespace nanodit {

void failToWrite(const std::filesystem::path& file, int code, std::string_view then)
{
    std::string remedy;
    if (code == ENOSPC || code == EDQUOT)
        remedy = "; free some space and " + std::string(then);
    else if (code == EFBIG)
        remedy = "; allow larger files (ulimit -f), or choose a file system that takes them, and " + std::string(then);
    else if (code == EACCES || code == EPERM || code == EROFS)
        remedy = "; its folder must be writable";
    throw StoreError("cannot write " + file.string() + ": " + std::generic_category().message(code) + remedy);
}

int writeAll(int descriptor, const void* bytes, std::size_t size)
{
    const auto* at = static_cast<const char*>(bytes);
    while (size > 0) {
        const auto written = ::write(descriptor, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        at += written;
        size -= static_cast<std::size_t>(written);
    }
    return 0;
}

} // namespace nanodit
