#pragma once

#include "core/train/train_job.h"
#include "core/validate/truth_measure.h"

namespace nanodit {

/// The suite as a training runs it, with the weights, tasks and numbers of the request's configuration. Throws
/// ConfigError when these make no sense. Hands each report to the request's onValidation. Of both weights the average
/// alone is validated once the two have agreed (WeightsAgreement), unless saving.best_by asks for raw ones; and where
/// one of them cannot be validated, that is a warning, and the other's means are given.
IntervalValidator suiteAtIntervals(const TrainRequest& request, KnownTruth truth);

} // namespace nanodit
