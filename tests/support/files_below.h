#pragma once

#include "core/io/atomic_file.h"

#include <filesystem>
#include <map>
#include <string>

namespace nanodit::test {

/// Bytes of every file below a folder, by relative path; none when there is no such folder.
inline std::map<std::string, std::string> filesBelow(const std::filesystem::path& folder)
{
    namespace fs = std::filesystem;
    std::map<std::string, std::string> files;
    if (!fs::exists(folder))
        return files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (entry.is_regular_file())
            files[entry.path().lexically_relative(folder).string()] = readTextFile(entry.path());
    }
    return files;
}

} // namespace nanodit::test
