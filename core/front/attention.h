#pragma once

/// What a model attends to. Part of the front: what app may include of the engine.
/// Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/inspect/attention_export.h"  // IWYU pragma: export
#include "core/inspect/attention_session.h" // IWYU pragma: export
#include "core/inspect/condition_edits.h"   // IWYU pragma: export
