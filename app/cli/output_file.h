#pragma once

#include <filesystem>
#include <string>

namespace nanodit::cli {

/// Finds out before any work whether a file can be written under this name, and makes its folder. Throws UsageError for
/// an empty name, a folder, or another ending than `ending` (".png", in any case), because the file would not be what
/// its name says; StoreError where nothing can be written. `option` names it in messages.
void prepareOutputFile(const std::filesystem::path& file, const std::string& ending, const std::string& option);

/// The same for a folder of results: makes it, and throws UsageError for an empty name, StoreError where nothing can be
/// written into it.
void prepareOutputFolder(const std::filesystem::path& folder, const std::string& option);

} // namespace nanodit::cli
