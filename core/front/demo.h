#pragma once

/// The demo: drawn scenes, their encoders, the layout error. Part of the front: what app may include of the engine.
/// Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/demo/demo_job.h"           // IWYU pragma: export
#include "core/demo/layout_job.h"         // IWYU pragma: export
#include "core/demo/train_encoders_job.h" // IWYU pragma: export
