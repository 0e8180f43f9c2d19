#pragma once

#include "core/io/image.h"

#include <optional>

namespace nanodit {

/// The pixels as the file has them, which a program shows that does not know of EXIF rotation; empty where the file
/// asks for none. Throws as readImage does.
std::optional<Image> readImageUnturned(const std::filesystem::path& file);

} // namespace nanodit
