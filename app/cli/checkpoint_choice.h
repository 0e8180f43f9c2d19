#pragma once

#include "core/config/workspace_config.h"

#include <CLI/CLI.hpp>

namespace nanodit::cli {

/// --checkpoint, --run and --weights, which say in one way everywhere which model a command uses.
struct CheckpointOptions {
    std::filesystem::path checkpoint;
    std::string run;
    std::string weights; ///< "raw", "ema"; empty: the average where there is one.

    void addTo(CLI::App& command);
    /// The checkpoint that was named, or the newest of the run, or of all runs. Throws UsageError.
    std::filesystem::path choose(const Workspace& workspace) const;
    /// The weights of a checkpoint that --weights asks for; without it the checkpoint itself. Throws UsageError.
    std::filesystem::path weightsOf(const std::filesystem::path& of) const;
};

} // namespace nanodit::cli
