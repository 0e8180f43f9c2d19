#pragma once

#include "core/runtime/compute.h"

#include <cstdint>

namespace nanodit {

/// Bytes: peakMemory() of the process, or all that is taken on a GPU now.
std::int64_t peakMemoryOf(const Compute& compute);

} // namespace nanodit
