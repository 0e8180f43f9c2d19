#pragma once

#include <filesystem>
#include <string>

namespace nanodit {

/// What changes whenever a file's contents are replaced, found without reading them: its size, its times and its
/// number. Throws DataError where there is no such file.
std::string fileIdentity(const std::filesystem::path& file);

} // namespace nanodit
