#pragma once

#include "core/io/array.h"

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

/// Arrays by name, in an order of their own.
using NamedArrays = std::vector<std::pair<std::string, Array>>;

/// Writes arrays as numpy.savez does: an archive of .npy files, not compressed, which numpy.load opens by name. Names
/// must differ. Whole or not at all. Throws StoreError.
void writeNpz(const std::filesystem::path& file, const NamedArrays& arrays);

} // namespace nanodit
