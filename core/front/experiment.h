#pragma once

/// Experiments: models that differ in one thing, trained and validated alike. Part of the front: what app may include
/// of the engine. Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/experiment/experiment.h" // IWYU pragma: export
