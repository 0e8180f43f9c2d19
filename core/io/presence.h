#pragma once

#include <filesystem>
#include <string>

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

/// "FILE is a link to TARGET, which does not exist", of one that leads nowhere or to itself; empty for others. A cache
/// of Hugging Face holds links, which are lost when it is copied without what they lead to.
inline std::string lostLink(const std::filesystem::path& file)
{
    std::error_code error;
    if (!std::filesystem::is_symlink(std::filesystem::symlink_status(file, error)) || isPresent(file))
        return {};
    return file.string() + " is a link to " + std::filesystem::read_symlink(file, error).string() +
           ", which does not exist";
}

} // namespace nanodit
