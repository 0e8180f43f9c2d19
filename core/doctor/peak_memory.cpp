#include "core/doctor/peak_memory.h"

#include "core/doctor/gpu_facts.h"
#include "core/runtime/machine.h"

namespace nanodit {

std::int64_t peakMemoryOf(const Compute& compute)
{
    return compute.device.is_cpu() ? peakMemory() : gpuMemoryUsed().value_or(0);
}

} // namespace nanodit
