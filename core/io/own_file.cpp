#include "core/io/own_file_reading.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// 0, or what stood against it: EEXIST where the name is taken.
int renameToFreeName(const fs::path& from, const fs::path& to)
{
    if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
        return 0;
    if (errno != EINVAL && errno != ENOSYS)
        return errno;
    // A file system without this kind of rename: the look and the rename are then two steps.
    std::error_code none;
    if (fs::symlink_status(to, none).type() != fs::file_type::not_found)
        return EEXIST;
    return rename(from.c_str(), to.c_str()) == 0 ? 0 : errno;
}

} // namespace

std::string moveDamagedAside(const fs::path& file, const std::string& what, const std::string& fault)
{
    const auto damage = file.string() + " holds " + what + " and is damaged (" + fault + "): ";
    for (int number = 1;; ++number) {
        auto aside = file;
        aside += number == 1 ? ".damaged" : ".damaged-" + std::to_string(number);
        const int code = renameToFreeName(file, aside);
        if (code == 0)
            return damage + "it was moved to " + aside.filename().string() +
                   " beside it; continue without it, or repair it and restore its name";
        if (code == ENOENT)
            return damage + "another process has moved it away meanwhile";
        if (code != EEXIST)
            return damage + "it could not be moved to " + aside.filename().string() + " (" +
                   std::generic_category().message(code) + "); repair it or move it away yourself";
    }
}

} // namespace nanodit
