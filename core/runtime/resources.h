#pragma once

#include <filesystem>

namespace nanodit {

/// Where installed or built resources lie (demo encoders, configs): NANODIT_RESOURCES, beside the program, the source
/// tree.
std::filesystem::path resourcesFolder();

} // namespace nanodit
