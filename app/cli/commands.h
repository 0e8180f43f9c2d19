#pragma once

#include "app/cli/terminal.h"
#include "core/runtime/compute_choice.h"

#include <CLI/CLI.hpp>

#include <array>

namespace nanodit::cli {

/// What every command shares.
struct Options {
    std::filesystem::path workspace = ".";
    ComputeChoice device;
    Output output;
    int exitCode = exitDone; ///< exitFailed is set by a command that ran and found something wrong.
};

// Each adds one command; with commands of its own ("nanodit demo create") those, too.
void registerDemo(CLI::App& app, Options& options);
void registerImport(CLI::App& app, Options& options);
void registerRecords(CLI::App& app, Options& options);
void registerEdit(CLI::App& app, Options& options);
void registerCaption(CLI::App& app, Options& options);
void registerCaptions(CLI::App& app, Options& options);
void registerDuplicates(CLI::App& app, Options& options);
void registerPreprocess(CLI::App& app, Options& options);
void registerShard(CLI::App& app, Options& options);
void registerVerify(CLI::App& app, Options& options);
void registerStatus(CLI::App& app, Options& options);
void registerMerge(CLI::App& app, Options& options);
void registerRelocate(CLI::App& app, Options& options);
void registerExport(CLI::App& app, Options& options);
void registerTrain(CLI::App& app, Options& options);
void registerRuns(CLI::App& app, Options& options);
void registerExportRun(CLI::App& app, Options& options);
void registerSample(CLI::App& app, Options& options);
void registerValidate(CLI::App& app, Options& options);
void registerWorth(CLI::App& app, Options& options);
void registerCompare(CLI::App& app, Options& options);
void registerAttention(CLI::App& app, Options& options);
void registerExperiment(CLI::App& app, Options& options);
void registerConfig(CLI::App& app, Options& options);
void registerGolden(CLI::App& app, Options& options);
void registerBench(CLI::App& app, Options& options);
void registerDoctor(CLI::App& app, Options& options);

/// Every command, in the order of the help.
inline constexpr std::array registerCommands = {
    &registerDemo,     &registerImport,     &registerRecords,    &registerEdit,     &registerCaption,
    &registerCaptions, &registerDuplicates, &registerPreprocess, &registerShard,    &registerVerify,
    &registerStatus,   &registerMerge,      &registerRelocate,   &registerExport,   &registerTrain,
    &registerRuns,     &registerExportRun,  &registerSample,     &registerValidate, &registerWorth,
    &registerCompare,  &registerAttention,  &registerExperiment, &registerConfig,   &registerGolden,
    &registerBench,    &registerDoctor,
};

} // namespace nanodit::cli
