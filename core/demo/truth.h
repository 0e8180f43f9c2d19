#pragma once

#include "core/config/workspace_config.h"
#include "core/demo/scene.h"

#include <optional>

namespace nanodit {

/// data/truth/<id>.json
std::filesystem::path truthFile(const Workspace& workspace, const std::string& id);

/// What is true of a demo record's picture; empty where the workspace knows no truth of it. Throws DataError for a file
/// that is no truth of ours.
std::optional<Scene> storedTruth(const Workspace& workspace, const std::string& id);

} // namespace nanodit
