#pragma once

#include "core/config/workspace_config.h"

#include <cstdint>
#include <filesystem>

namespace nanodit {

/// Writes every record as a line {"id", "image", "caption", "aspect_bucket", "split", "tags"} with the unknown fields
/// it was imported with; pictures relative to the file's folder where they lie inside the workspace. Whole or not at
/// all; gives the number of lines. What it writes can be imported.
std::int64_t exportRecords(const Workspace& workspace, const std::filesystem::path& file);

} // namespace nanodit
