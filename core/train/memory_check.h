#pragma once

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/runtime/compute_choice.h"

#include <cstdint>

namespace nanodit {

/// Throws DataError, with what would fit, when a training is forecast to need more memory than is free: the kernel ends
/// a process that takes more than there is, and with it the window. `processes` train together and share the memory of
/// the device.
void requireMemory(const Workspace& workspace, const TrainConfig& config, const ComputeChoice& device,
                   std::int64_t processes);

} // namespace nanodit
