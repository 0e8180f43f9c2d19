#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <unordered_map>

namespace nanodit {

/// Finds files by names that were written on another system (comparable_name.h). Each folder is listed once, so ask one
/// object for all names of a source.
class FolderNames {
public:
    /// What an absolute path means that leads to nothing as it is written: the file of which each part of the path is
    /// the only one of its folder to mean the same. Empty when there is none.
    std::filesystem::path meantBy(const std::filesystem::path& path);

private:
    /// Names as they are, by what they mean; empty where several mean the same.
    using Names = std::unordered_map<std::string, std::filesystem::path>;
    const Names& namesIn(const std::filesystem::path& folder);

    std::map<std::filesystem::path, Names> folders_;
};

} // namespace nanodit
