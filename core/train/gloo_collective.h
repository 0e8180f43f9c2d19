#pragma once

#include "core/train/collective.h"

namespace nanodit {

/// Over the machine's memory or its network, for tensors of the CPU (ProcessGroupGloo). There where the build has it.
std::shared_ptr<Collective> joinOverGloo(const Meeting& meeting);

} // namespace nanodit
