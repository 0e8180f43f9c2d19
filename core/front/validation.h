#pragma once

/// The validation suite, its reports and how they compare. Part of the front: what app may include of the engine.
/// Functions throw nanodit::Error; jobs do so from run(). Sinks are called on the job's thread.

#include "core/runs/catalogue.h"      // IWYU pragma: export
#include "core/validate/bootstrap.h"  // IWYU pragma: export
#include "core/validate/comparison.h" // IWYU pragma: export
#include "core/validate/validation.h" // IWYU pragma: export

#include <memory>

namespace nanodit {

/// The suite on one checkpoint; on drawn scenes, whose truth is known, also where things stand.
std::unique_ptr<Job> makeValidateJob(ValidateRequest request);

} // namespace nanodit
