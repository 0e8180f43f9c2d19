#pragma once

#include <filesystem>

namespace nanodit {

// What lies at a path that somebody named. Nothing here throws: where a link leads to itself, a name is longer than any
// file system takes or a folder may not be looked into, there is nothing for this program.

inline bool isPresent(const std::filesystem::path& path)
{
    std::error_code ignored;
    return std::filesystem::exists(path, ignored);
}

inline bool isPresentFile(const std::filesystem::path& path)
{
    std::error_code ignored;
    return std::filesystem::is_regular_file(path, ignored);
}

inline bool isPresentFolder(const std::filesystem::path& path)
{
    std::error_code ignored;
    return std::filesystem::is_directory(path, ignored);
}

} // namespace nanodit
