#pragma once

#include "core/config/workspace_config.h"

#include <CLI/CLI.hpp>

namespace nanodit::cli {

/// --checkpoint and --run, which say in one way everywhere which model a command uses.
struct CheckpointOptions {
    std::filesystem::path checkpoint;
    std::string run;

    void addTo(CLI::App& command);
    /// The checkpoint that was named, or the newest of the run, or of all runs. Throws UsageError.
    std::filesystem::path choose(const Workspace& workspace) const;
};

} // namespace nanodit::cli
