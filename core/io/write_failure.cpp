#include "core/io/write_failure.h"

#include "core/runtime/error.h"

#include <cerrno>
#include <string>
#include <system_error>

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

} // namespace nanodit
