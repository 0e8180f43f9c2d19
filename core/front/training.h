#pragma once

/// Training and its runs. Part of the front: what app may include of the engine.
/// Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/runs/break_through.h"      // IWYU pragma: export
#include "core/runs/catalogue.h"          // IWYU pragma: export
#include "core/runs/checkpoint_weights.h" // IWYU pragma: export
#include "core/runs/configurations.h"     // IWYU pragma: export
#include "core/runs/continuation.h"       // IWYU pragma: export
#include "core/runs/metric_table.h"       // IWYU pragma: export
#include "core/runs/metrics_file.h"       // IWYU pragma: export
#include "core/runs/previews.h"           // IWYU pragma: export
#include "core/runs/retention.h"          // IWYU pragma: export
#include "core/runs/run_export.h"         // IWYU pragma: export
#include "core/runs/run_lock.h"           // IWYU pragma: export
#include "core/runs/step_metrics.h"       // IWYU pragma: export
#include "core/train/chosen_precision.h"  // IWYU pragma: export
#include "core/train/forecast.h"          // IWYU pragma: export
#include "core/train/launcher.h"          // IWYU pragma: export
#include "core/train/replay_job.h"        // IWYU pragma: export
#include "core/train/train_job.h"         // IWYU pragma: export
#include "core/train/worth_job.h"         // IWYU pragma: export
#include "core/validate/run_overview.h"   // IWYU pragma: export

#include <memory>

namespace nanodit {

/// A training with the validation suite at the intervals of its configuration. Stopping it writes a checkpoint first.
/// Its events go to request.onEvent and to the workspace's program (alerts.command), spikes and stalls at most once in
/// ten minutes each.
std::unique_ptr<Job> makeTrainJob(TrainRequest request);

} // namespace nanodit
