#pragma once

/// How a run goes on from a checkpoint.

#include "core/dataset/loader.h"
#include "core/runs/checkpoint.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

class Trainer;

/// Of the batches that are next where this is the state of a training in one process.
LoaderOptions loaderOptionsOf(const CheckpointState& state);

/// What is not as it was when the checkpoint was written.
struct ResumeDifference {
    std::string what; ///< "optimiser.lr", "encoder t5", "data set"
    std::string before, now;
    bool anotherFunction = false; ///< The same weights would compute something else: it is not the same run.
    bool otherCourse = false;     ///< The steps to come are not those that an unbroken run would have made.
};
/// What the checkpoint does not say is not compared.
std::vector<ResumeDifference> resumeDifferences(const CheckpointState& before, const CheckpointState& now);
/// Throws UsageError that lists those that make it another function, if there are any.
void refuseAnotherFunction(const std::vector<ResumeDifference>& differences, const std::string& runName);
/// "data.batch_size 16 -> 8"
std::string text(const ResumeDifference& difference);

/// The checkpoints of a run to try, in this order: the newest first, or the one of step `from` alone. Throws UsageError
/// naming those there are when there is none of that step.
std::vector<std::filesystem::path> checkpointsToTry(const std::filesystem::path& runFolder,
                                                    std::optional<std::int64_t> from);

/// Where a run goes on.
struct ResumePoint {
    std::filesystem::path checkpoint;
    std::vector<ResumeDifference> differences;
};
/// Gives the trainer what the first of checkpointsToTry() holds that can be read, with a warning for each that cannot.
/// `now` is what would be saved now. Throws DataError when none can be read, UsageError for another function.
ResumePoint restoreNewestWhole(Trainer& trainer, const std::filesystem::path& runFolder,
                               std::optional<std::int64_t> from, const CheckpointState& now, const JobContext& context);
/// Says what differs, to the log and the run's history.
void tellDifferences(const ResumePoint& restored, const std::filesystem::path& runFolder, std::int64_t step,
                     const JobContext& context);

/// Moves the checkpoints of later steps than `step` to runFolder/set-aside, with what was painted and reported of later
/// steps and a copy of metrics.jsonl: what is done again must not be mistaken for it, and nothing is lost. Gives the
/// folder, empty when there was no such checkpoint or report: then pictures behind the last one go, as the lines of
/// metrics.jsonl do. Throws StoreError.
std::filesystem::path setAsideBehind(const std::filesystem::path& runFolder, std::int64_t step);

} // namespace nanodit
