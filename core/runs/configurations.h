#pragma once

/// Training configurations that come with the program: configs/*.yaml.

#include "core/config/workspace_config.h"

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

struct NamedConfiguration {
    std::string name; ///< "demo"
    std::filesystem::path file;
};
/// By name; empty where the program's configs folder is not found.
std::vector<NamedConfiguration> shippedConfigurations();

/// A file, or else a shipped configuration of that name. Throws UsageError naming those there are.
std::filesystem::path configurationFile(const std::string& nameOrPath);

/// The name of the shipped configuration that suits a workspace: "demo" where its DINO features are narrower than any
/// published ViT's, as the demo's are, else "base".
std::string suitableConfiguration(const Workspace& workspace);

} // namespace nanodit
