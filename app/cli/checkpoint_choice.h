#pragma once

#include "core/workbench.h"

namespace nanodit::cli {

/// The newest checkpoint of the named run; without a name, of the last run (by name) that has one. Throws UsageError.
std::filesystem::path newestCheckpoint(const Workspace& workspace, const std::string& run = {});

} // namespace nanodit::cli
