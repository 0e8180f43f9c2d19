#pragma once

/// Comparison with outputs of the upstream libraries. Part of the front: what app may include of the engine.
/// Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/golden/golden.h" // IWYU pragma: export
