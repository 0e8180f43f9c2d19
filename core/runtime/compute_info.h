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

/// Sets this thread's number of compute threads; call before other work. Throws UsageError for a device that is no name
/// of one, but looks at none: jobs and sessions do (makeCompute).
void setUpCompute(const ComputeChoice& choice);

} // namespace nanodit
