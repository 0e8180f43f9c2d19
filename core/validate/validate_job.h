#pragma once

#include "core/runtime/job.h"
#include "core/validate/truth_measure.h"
#include "core/validate/validation.h"

#include <memory>

namespace nanodit {

/// Paints what the request plans, measures it, with `truth` too where one is given, and writes the report.
std::unique_ptr<Job> makeValidateJobWith(ValidateRequest request, KnownTruth truth);

} // namespace nanodit
