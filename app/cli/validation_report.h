#pragma once

#include "core/config/workspace_config.h"
#include "core/front/validation.h"

#include <string>

namespace nanodit::cli {

/// The folder of a validation's report: the one that is named, or the newest of a run. Throws UsageError.
std::filesystem::path reportFolder(const Workspace& workspace, const std::string& runOrFolder);

/// "0.1 to 0.2"; "-" without an interval.
std::string intervalText(const std::optional<Interval>& interval, int decimals);

} // namespace nanodit::cli
