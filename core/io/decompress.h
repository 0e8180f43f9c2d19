#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace nanodit {

/// Writes what a file that was compressed with gzip, bzip2, xz or zstd holds to `target`, which must not exist. Gives
/// what is wrong with it as a sentence, or "" where nothing is; what lies before the damage is written in any case.
/// Data that grow more than a thousandfold are given up. `stop` is asked between blocks. Throws StoreError where it
/// cannot be written.
std::string decompressFile(const std::filesystem::path& source, const std::filesystem::path& target,
                           const std::function<bool()>& stop);

} // namespace nanodit
