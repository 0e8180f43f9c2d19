#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace nanodit {

/// Decompresses a gzip, bzip2, xz or zstd file to `target`, which must not exist. Gives what is wrong with it as a
/// sentence, or ""; the data before the damage is written in any case: of gzip and xz to the last byte that the file
/// holds, of the others by whole blocks. Stops at data that grow more than a thousandfold. `stop` is asked between
/// blocks. Throws StoreError where it cannot be written or memory lacks, DataError where it cannot be read.
std::string decompressFile(const std::filesystem::path& source, const std::filesystem::path& target,
                           const std::function<bool()>& stop);

} // namespace nanodit
