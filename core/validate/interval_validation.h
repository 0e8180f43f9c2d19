#pragma once

#include "core/train/train_job.h"
#include "core/validate/truth_measure.h"

namespace nanodit {

/// The suite as a training runs it, with the weights, tasks and numbers of the request's configuration. Throws
/// ConfigError when these make no sense. Hands each report to the request's onValidation.
IntervalValidator suiteAtIntervals(const TrainRequest& request, KnownTruth truth);

} // namespace nanodit
