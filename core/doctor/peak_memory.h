#pragma once

#include "core/runtime/compute.h"

#include <cstdint>

namespace nanodit {

/// Resets the process's peak to what it holds now.
void forgetPeakMemory();

/// Bytes: the most that the process held since then, or all that is taken on a GPU now.
std::int64_t peakMemoryOf(const Compute& compute);

} // namespace nanodit
