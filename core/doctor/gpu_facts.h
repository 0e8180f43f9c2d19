#pragma once

#include "core/doctor/facts.h"

#include <cstdint>
#include <optional>

namespace nanodit {

/// Asks the PCI bus, the kernel's module, the driver's library and LibTorch, which need not know CUDA. `index`: of the
/// GPU that is to compute, where LibTorch finds so many.
GpuFacts gatherGpuFacts(std::int64_t index);

/// Bytes of a GPU's memory that are taken, by whomever: of the one that this thread computes on. Empty without one.
std::optional<std::int64_t> gpuMemoryUsed();

} // namespace nanodit
