#pragma once

#include "core/io/event_file.h"
#include "core/workbench.h"

namespace nanodit {

/// Validates a checkpoint that was just written, between two steps. What training needs of validation, which comes
/// after it in the flow. Gives means, named "reconstruction/ssim"; empty when stopped. Must leave no trace in the
/// random numbers or the settings of the process.
using IntervalValidator = std::function<std::optional<EventFile::Scalars>(const std::filesystem::path& checkpoint,
                                                                          const JobContext& context)>;

/// The training itself; makeTrainJob of the front gives it the suite.
std::unique_ptr<Job> makeTrainJob(TrainRequest request, IntervalValidator validator);

} // namespace nanodit
