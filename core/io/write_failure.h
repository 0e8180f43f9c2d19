#pragma once

#include <filesystem>
#include <string_view>

namespace nanodit {

/// Throws StoreError: the file cannot be written, why (`code`, an errno) and, where something helps, what to do before
/// `then`.
[[noreturn]] void failToWrite(const std::filesystem::path& file, int code,
                              std::string_view then = "run this again (nothing was changed)");

} // namespace nanodit
