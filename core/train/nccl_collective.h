#pragma once

#include "core/train/collective.h"

namespace nanodit {

/// Between GPUs, each of another rank, for tensors of this one and, over it, of the CPU (ProcessGroupNCCL). There where
/// the build has it (cmake/NanoditNccl.cmake).
std::shared_ptr<Collective> joinOverNccl(const Meeting& meeting, at::Device device);

} // namespace nanodit
