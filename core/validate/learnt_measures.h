#pragma once

/// What a report says of what the model has learnt, beside what it painted: what its conditions are worth to it, and
/// whether it copies.

#include "core/config/workspace_config.h"
#include "core/runtime/compute.h"
#include "core/runtime/job.h"
#include "core/validate/measures.h"
#include "core/validate/validation.h"

#include <filesystem>
#include <vector>

namespace nanodit {

/// Adds fixed_loss and the gains to the report's reconstructed pictures, by the stored arrays of their records, or a
/// note why not. False when stopped.
bool addConditionWorth(ValidationReport& report, const Workspace& workspace, const std::filesystem::path& checkpoint,
                       const Compute& compute, const JobContext& context);

/// Adds to the pictures that text alone painted which training picture each is most like, how much, and how much the
/// record's own original is like its nearest one; writes those training pictures beside the report. `painted`: the
/// pictures' CLS features [D], in their order. A note where that cannot be known. False when stopped.
bool addNearestTraining(ValidationReport& report, const Workspace& workspace, const std::filesystem::path& checkpoint,
                        Measures& measures, const std::vector<at::Tensor>& painted, const JobContext& context);

} // namespace nanodit
