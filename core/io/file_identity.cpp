#include "core/io/file_identity.h"

#include "core/runtime/error.h"

#include <sys/stat.h>

namespace nanodit {

std::string fileIdentity(const std::filesystem::path& file)
{
    struct stat state {};
    if (stat(file.c_str(), &state) != 0)
        throw DataError(file.string() + " cannot be read");
    // A copy may keep its original's size and time of change, but not the file system's own time and number.
    return std::to_string(state.st_size) + " " + std::to_string(state.st_mtim.tv_sec) + "." +
           std::to_string(state.st_mtim.tv_nsec) + " " + std::to_string(state.st_ctim.tv_sec) + "." +
           std::to_string(state.st_ctim.tv_nsec) + " " + std::to_string(state.st_ino);
}

} // namespace nanodit
