#pragma once

#include "core/runtime/device_choice.h"

#include <string>

namespace nanodit {

/// What computes here, in words ("OpenBLAS (OpenMP), 2 threads"), and a warning when it is a slow or oversubscribing
/// BLAS.
struct ComputeInfo {
    std::string description;
    std::string warning;
};
ComputeInfo computeInfo();
/// Sets the number of compute threads; call before other work. Throws UsageError for an unknown or absent device.
void setUpCompute(const DeviceChoice& choice);

} // namespace nanodit
