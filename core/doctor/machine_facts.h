#pragma once

#include "core/doctor/facts.h"

namespace nanodit {

/// Of the file system that a folder is on, or will be on: its nearest parent that exists counts then.
DiskFacts gatherDiskFacts(const std::filesystem::path& folder);

/// Of the LibTorch in this process. `measure`: also multiply matrices for a moment, to see how fast that goes.
TorchFacts gatherTorchFacts(bool measure);

} // namespace nanodit
