#pragma once

#include <cstddef>
#include <filesystem>
#include <string_view>

namespace nanodit {

/// Throws StoreError: the file cannot be written, why (`code`, an errno) and, where something helps, what to do before
/// `then`.
[[noreturn]] void failToWrite(const std::filesystem::path& file, int code,
                              std::string_view then = "run this again (nothing was changed)");

/// Writes all of the bytes, however often the system takes only a part of them. 0, or the errno of what failed.
int writeAll(int descriptor, const void* bytes, std::size_t size);

} // namespace nanodit
