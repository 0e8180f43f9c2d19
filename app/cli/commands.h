#pragma once

#include "app/cli/terminal.h"
#include "core/runtime/compute_choice.h"

#include <CLI/CLI.hpp>

#include <filesystem>

namespace nanodit::cli {

/// What every subcommand shares.
struct Options {
    std::filesystem::path workspace = ".";
    ComputeChoice device;
    Output output;
    int exitCode = 0; ///< Set by a command that ran but found something wrong.
};

void addDataCommands(CLI::App& app, Options& options);   ///< import, preprocess, shard, verify, status
void addRecordCommands(CLI::App& app, Options& options); ///< records, edit
void addTrainCommand(CLI::App& app, Options& options);
void addSampleCommand(CLI::App& app, Options& options);
void addValidateCommands(CLI::App& app, Options& options); ///< validate, compare
void addExperimentCommand(CLI::App& app, Options& options);
void addRunsCommand(CLI::App& app, Options& options);
void addDemoCommand(CLI::App& app, Options& options);
void addAttentionCommand(CLI::App& app, Options& options);
void addGoldenCommand(CLI::App& app, Options& options);

} // namespace nanodit::cli
