#include "core/runs/continuation.h"

#include "core/config/train_config.h"
#include "core/runtime/error.h"

#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

bool canBeResumed(const fs::path& checkpoint)
{
    std::error_code none;
    return fs::exists(checkpoint / "model.safetensors", none) && fs::exists(checkpoint / "optimizer.safetensors", none);
}

std::int64_t stepsDone(const RunInfo& run)
{
    return run.checkpoints.empty() ? 0 : checkpointStep(run.checkpoints.back().filename().string()).value_or(0);
}

Continuation continuationOf(const RunInfo& run, std::int64_t planned)
{
    if (run.checkpoints.empty())
        return Continuation::StartAgain;
    if (!canBeResumed(run.checkpoints.back()))
        return Continuation::StartFrom;
    return stepsDone(run) < planned ? Continuation::Resume : Continuation::TrainLonger;
}

const RunInfo* interruptedRun(const std::vector<RunInfo>& runs)
{
    const auto* const newest = newestRun(runs);
    if (newest == nullptr)
        return nullptr;
    try {
        const auto planned = readTrainConfig(newest->folder / "config.yaml").schedule.steps;
        return continuationOf(*newest, planned) == Continuation::Resume ? newest : nullptr;
    } catch (const Error&) { // its configuration is not there or broken: it cannot be resumed as it is
        return nullptr;
    }
}

} // namespace nanodit
