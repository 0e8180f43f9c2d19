#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace nanodit {

/// Decompresses a gzip, bzip2, xz or zstd file to `target`, which must not exist. Gives what is wrong with it as a
/// sentence, or ""; the data before the damage is written in any case. Stops at data that grow more than a
/// thousandfold. `stop` is asked between blocks. Throws StoreError where it cannot be written.
std::string decompressFile(const std::filesystem::path& source, const std::filesystem::path& target,
                           const std::function<bool()>& stop);

} // namespace nanodit
