#pragma once

/// What computes here, in words. Free of torch types.

#include "core/runtime/compute_choice.h"

namespace nanodit {

/// What computes here ("LibTorch 1.13, OpenBLAS (OpenMP), 2 threads"), and a warning when it is a slow or
/// oversubscribing BLAS.
struct ComputeInfo {
    std::string description;
    std::string warning;
};
ComputeInfo computeInfo();

/// What a choice means on this machine.
struct ChosenCompute {
    std::string text; ///< "CPU, 2 threads" or "cuda:0 (NVIDIA H100)", with the precision where the choice states one.
    std::string problem; ///< Why that device cannot be used, in one sentence; or "".
    std::string unused;  ///< Why a GPU that is there is not used, in one sentence; or "".
};
/// Looks at the devices, which starts CUDA where it is.
ChosenCompute chosenCompute(const ComputeChoice& choice);

/// Sets this thread's number of compute threads; call before other work. Throws UsageError for a device that is no name
/// of one, but looks at none: jobs and sessions do (makeCompute).
void setUpCompute(const ComputeChoice& choice);

} // namespace nanodit
