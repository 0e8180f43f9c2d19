#pragma once

/// The runs of a workspace and their checkpoints.

#include "core/config/workspace_config.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// "step-00001000"
std::string checkpointName(std::int64_t step);
/// Complete checkpoints of a run, by step, oldest first.
std::vector<std::filesystem::path> listCheckpoints(const std::filesystem::path& runFolder);

struct RunInfo {
    std::string name;
    std::filesystem::path folder;
    std::vector<std::filesystem::path> checkpoints; ///< By step, oldest first.
};
/// By name.
std::vector<RunInfo> listRuns(const Workspace& workspace);

} // namespace nanodit
