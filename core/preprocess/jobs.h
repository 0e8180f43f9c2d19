#pragma once

/// The jobs of this folder with given encoders, for tests: the plain ones use those of the workspace.

#include "core/preprocess/forecast_job.h"
#include "core/preprocess/pass_encoders.h"
#include "core/preprocess/pass_forecast.h"
#include "core/preprocess/preprocess_job.h"
#include "core/preprocess/shard_job.h"
#include "core/preprocess/verify_job.h"
#include "core/runtime/job.h"

namespace nanodit {

std::unique_ptr<Job> makePreprocessJobWith(PreprocessRequest request, PassEncoders encoders, PassLimits limits = {},
                                           FreeBytes freeBytes = freeBytesFor);
std::unique_ptr<Job> makeForecastJobWith(ForecastRequest request, PassEncoders encoders,
                                         FreeBytes freeBytes = freeBytesFor);
std::unique_ptr<Job> makeVerifyJobWith(VerifyRequest request, PassEncoders encoders);
std::unique_ptr<Job> makeShardJobWith(ShardRequest request, PassEncoders encoders);

} // namespace nanodit
