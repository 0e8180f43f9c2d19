#pragma once

#include <filesystem>
#include <string>

namespace nanodit::cli {

/// A file's path, or the name of a configuration that comes with the program ("demo", "base"). Throws UsageError.
std::filesystem::path configFile(const std::string& nameOrPath);

} // namespace nanodit::cli
