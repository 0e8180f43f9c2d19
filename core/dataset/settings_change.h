#pragma once

#include "core/config/workspace_config.h"

namespace nanodit {

/// Writes other settings into a workspace's file and gives the workspace as it is then. Where validation_share changed,
/// records whose split follows the rule get it by the new share; arrays and shards that other settings make stale stay,
/// and the next pass replaces them. Throws ConfigError when the settings cannot be used, DataError when the file was
/// changed since `workspace` was read, so that nobody's change is lost.
Workspace changeSettings(const Workspace& workspace, const WorkspaceConfig& settings);

/// Whether two mean the same.
bool sameSettings(const WorkspaceConfig& a, const WorkspaceConfig& b);

} // namespace nanodit
