#pragma once

/// What a run recorded, and what people do with it besides training it. Part of the front: what app may include of the
/// engine. Functions throw nanodit::Error.

#include "core/runs/condition_worth.h" // IWYU pragma: export
#include "core/runs/run_notes.h"       // IWYU pragma: export
#include "core/runs/run_record.h"      // IWYU pragma: export
#include "core/runs/training_time.h"   // IWYU pragma: export
