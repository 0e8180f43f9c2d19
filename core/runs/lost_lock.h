#pragma once

#include <filesystem>

namespace nanodit {

/// Whether a lock's file, open as `descriptor`, has lost its name: another file has it, or none. A file system that
/// does not answer, as one of a network may for a while, says neither.
bool lockIsLost(const std::filesystem::path& file, int descriptor);

} // namespace nanodit
