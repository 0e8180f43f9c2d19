#pragma once

/// The runs of a workspace and their checkpoints.

#include "core/config/workspace_config.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// "step-00001000", and back; empty for any other name.
std::string checkpointName(std::int64_t step);
std::optional<std::int64_t> checkpointStep(const std::string& name);
/// Complete checkpoints of a run, by step, oldest first.
std::vector<std::filesystem::path> listCheckpoints(const std::filesystem::path& runFolder);

struct RunInfo {
    std::string name;
    std::filesystem::path folder;
    std::vector<std::filesystem::path> checkpoints; ///< By step, oldest first.
    /// When the last of them was written; the smallest time without one.
    std::filesystem::file_time_type lastWritten = std::filesystem::file_time_type::min();
};
/// By name.
std::vector<RunInfo> listRuns(const Workspace& workspace);

/// The run whose last checkpoint was written last; null when none has a checkpoint.
const RunInfo* newestRun(const std::vector<RunInfo>& runs);
/// The last checkpoint of that run, or of the run of this name. Throws UsageError when there is none.
std::filesystem::path newestCheckpoint(const Workspace& workspace, const std::string& run = {});

/// "; did you mean \"base\"?" of a name that no run has, for the end of a sentence; empty where none is near.
std::string nearestRun(const Workspace& workspace, const std::string& name);

/// `stem`, `stem`-2, ...: the first name that no folder below runs/ has.
std::string freeRunName(const Workspace& workspace, const std::string& stem = "run");
/// The first that none of `runs` has. Asks no disk.
std::string freeRunName(const std::vector<RunInfo>& runs, const std::string& stem = "run");
/// The first of these that is not taken. Asks no disk.
std::string freeRunName(const std::string& stem, const std::function<bool(const std::string& name)>& isTaken);

enum class RunState { Running, Finished, Stopped, NoCheckpoint };
/// `planned`: steps of its configuration, 0 when that is not known. `running`: somebody trains it now.
RunState runState(const RunInfo& run, std::int64_t steps, std::int64_t planned, bool running = false);
/// "running", "finished", "stopped", "no checkpoint"
std::string runStateName(RunState state);

/// A step of a run that can be validated, was validated, or both; its raw weights by themselves where it has an
/// average, too.
struct ValidationSubject {
    std::string run;
    std::int64_t step = 0;
    std::filesystem::path checkpoint; ///< Empty where it was removed; of raw weights beside an average their file.
    std::filesystem::path report;     ///< Folder that holds a report.json; empty where there is none.
    /// When that was written; the smallest time without one.
    std::filesystem::file_time_type reportWritten = std::filesystem::file_time_type::min();
    bool raw = false; ///< Weights as they were trained, where the usual ones are the average.
};
/// By run, the newest step of each first, its raw weights behind its usual ones.
std::vector<ValidationSubject> validationSubjects(const std::vector<RunInfo>& runs);

/// The folders of a run's validation reports by name: of its steps, and of weights files, whose names are no steps.
std::vector<std::filesystem::path> validationReports(const RunInfo& run);
/// Where the report of a checkpoint of a run goes: validation/step-00001000 for the weights that it is opened with
/// where nobody says which, validation/step-00001000-raw for raw ones beside an average. Empty for a file in no run's
/// checkpoints folder.
std::filesystem::path validationFolder(const std::filesystem::path& checkpoint);
/// Whether that is the name of a report of raw weights beside an average.
bool isOfRawWeights(const std::filesystem::path& reportFolder);

} // namespace nanodit
