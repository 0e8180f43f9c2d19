#pragma once

#include "app/cli/commands.h"

namespace nanodit::cli {

/// Adds --device and --threads, which every command has. They are applied before the command runs.
void addComputeOptions(CLI::App& app, Options& options);

} // namespace nanodit::cli
