#pragma once

#include "core/io/image.h"

#include <vector>

namespace nanodit {

/// Pictures in a grid, each centred in a cell as large as the largest of them; rows may be of different lengths.
/// `gap`: pixels of white between cells and around them.
Image contactSheet(const std::vector<std::vector<Image>>& rows, std::int64_t gap = 6);

} // namespace nanodit
