#pragma once

#include "core/train/meeting.h"

#include <functional>

namespace nanodit {

/// Where this process stands in a training that torchrun, mpirun or srun started, by the variables that these set, with
/// MASTER_ADDR and MASTER_PORT for where the processes meet; one alone without any. torchrun itself listens at its
/// MASTER_PORT: the next one is taken. Throws UsageError when something is missing or is no number.
Meeting meetingOfLauncher(const std::function<const char*(const char*)>& variable);

} // namespace nanodit
