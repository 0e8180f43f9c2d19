#pragma once

/// The jobs of core/workbench.h with given encoders, for tests: the front's own make them with those of the workspace.

#include "core/preprocess/pass_encoders.h"
#include "core/preprocess/pass_forecast.h"
#include "core/workbench.h"

namespace nanodit {

std::unique_ptr<Job> makePreprocessJobWith(PreprocessRequest request, PassEncoders encoders, PassLimits limits = {},
                                           FreeBytes freeBytes = freeBytesFor);
std::unique_ptr<Job> makeForecastJobWith(ForecastRequest request, PassEncoders encoders,
                                         FreeBytes freeBytes = freeBytesFor);
std::unique_ptr<Job> makeVerifyJobWith(VerifyRequest request, PassEncoders encoders);
std::unique_ptr<Job> makeShardJobWith(ShardRequest request, PassEncoders encoders);

} // namespace nanodit
