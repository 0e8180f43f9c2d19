#pragma once

#include "app/cli/commands.h"
#include "core/config/train_config.h"
#include "core/config/workspace_config.h"

#include <cstdint>

namespace nanodit::cli {

/// What `nanodit train --dry-run` prints: parameters, memory needed and free, a step's time as it is measured here,
/// steps of an epoch, checkpoints, and settings that would make the training fit; of `processes` on this machine.
/// `stepsDone`: of a run that is resumed, whose remaining time is printed. Nothing is written.
void printForecast(const TrainConfig& config, const Workspace& workspace, std::int64_t processes,
                   std::int64_t stepsDone, Options& options);

} // namespace nanodit::cli
