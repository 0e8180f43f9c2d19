#pragma once

#include "core/config/workspace_config.h"

namespace nanodit::cli {

/// The newest checkpoint of the named run; without a name, the one of all runs that was written last. Throws
/// UsageError.
std::filesystem::path newestCheckpoint(const Workspace& workspace, const std::string& run = {});

} // namespace nanodit::cli
