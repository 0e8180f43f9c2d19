#pragma once

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/io/event_file.h"
#include "core/io/image.h"
#include "core/runs/previews.h"
#include "core/runs/run_record.h"
#include "core/runs/step_metrics.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/train/meeting.h"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

struct PreviewPicture {
    std::int64_t step = 0;
    std::string recordId;
    std::string caption;
    Image picture;
    Image reference; ///< The record's own bucket image.
    PreviewKind kind = PreviewKind::Usual;
};

/// An event of a training that is worth a notification.
struct TrainEvent {
    std::string kind; ///< "finished", "stopped", "failed"; "spike", "stall" (StepWatch).
    std::string run;
    std::int64_t step = 0; ///< Steps done.
    std::string text;      ///< A sentence.
};

/// Requests to a running training, from any thread; served at the next step.
struct TrainCommands {
    std::atomic<bool> previewNow = false;
    std::atomic<bool> checkpointNow = false;
};

struct TrainRequest {
    Workspace workspace;
    TrainConfig config;
    std::string runName = "run";
    bool resume = false; ///< Continue from the run's newest whole checkpoint, or from that of step `from`.
    std::optional<std::int64_t> from = {};
    bool ignoreMemory = false; ///< Begin though the forecast says that it does not fit.
    bool check = false;        ///< Judge the run against design's ranges; see TrainReport::checks.
    ComputeChoice device;
    Meeting meeting = {}; ///< With other processes; rank 0 alone reads and writes the run's folder, and validates.
    std::int64_t ranksHere = 1; ///< Of these processes, those that share the memory of the device, as far as is known.
    std::shared_ptr<TrainCommands> commands = std::make_shared<TrainCommands>();
    std::function<void(const StepMetrics&)> onStep = [](const auto&) {};
    std::function<void(const TrainEvent&)> onEvent = [](const auto&) {}; ///< Of rank 0.
    std::function<void(const LossJump&)> onJump = [](const auto&) {};    ///< Every one, after its step.
    std::function<void(const PreviewPicture&)> onPreview = [](const auto&) {};
    std::function<void(const IntervalValues&)> onMeasured = [](const auto&) {};
    std::function<void(const struct ValidationReport&)> onValidation = [](const auto&) {}; ///< See config.validation.
    std::function<void(const struct TrainReport&)> finished = [](const auto&) {};
};
struct CheckLine {
    std::string what, found, expected;
    bool passed = false;
};
struct TrainReport {
    std::string runName;
    std::int64_t firstStep = 0, lastStep = 0; ///< It went on after firstStep (0: from nothing).
    std::int64_t parameters = 0;
    double finalLoss = 0;
    std::filesystem::path checkpoint; ///< Newest whole one.
    std::vector<CheckLine> checks;
    bool passed() const; ///< Every check line.
};

/// Validates a checkpoint that was just written, between two steps. What training needs of validation, which comes
/// after it in the flow. `earlier`: the means of the run's validations so far. Gives means, named
/// "reconstruction/ssim"; empty when stopped. Must leave no trace in the random numbers or the settings of the process.
using IntervalValidator = std::function<std::optional<EventFile::Scalars>(
    const std::filesystem::path& checkpoint, const std::vector<ValidationMeans>& earlier, const JobContext& context)>;

/// Trains, validating with `validator`. Stopping it writes a checkpoint first.
std::unique_ptr<Job> makeTrainJobWith(TrainRequest request, IntervalValidator validator);

} // namespace nanodit
