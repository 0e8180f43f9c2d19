#pragma once

#include "core/train/train_job.h"
#include "core/validate/truth_measure.h"

namespace nanodit {

/// The suite as a training runs it, with the weights, tasks and numbers of the request's configuration. Throws
/// ConfigError when these make no sense. Hands each report to the request's onValidation. Where both weights are
/// validated and one of them cannot be, that is a warning, and the other's means are given; the validator throws where
/// nothing can.
IntervalValidator suiteAtIntervals(const TrainRequest& request, KnownTruth truth);

} // namespace nanodit
