#include "core/doctor/peak_memory.h"

#include "core/doctor/gpu_facts.h"

#include <fstream>
#include <sstream>
#include <string>

namespace nanodit {

namespace {

std::int64_t peakBytes()
{
    std::ifstream in("/proc/self/status");
    for (std::string line; std::getline(in, line);) {
        std::istringstream fields(line);
        std::string key;
        std::int64_t kilobytes = 0;
        if (fields >> key >> kilobytes && key == "VmHWM:")
            return kilobytes * 1024;
    }
    return 0;
}

} // namespace

void forgetPeakMemory()
{
    std::ofstream("/proc/self/clear_refs") << "5";
}

std::int64_t peakMemoryOf(const Compute& compute)
{
    return compute.device.is_cpu() ? peakBytes() : gpuMemoryUsed().value_or(0);
}

} // namespace nanodit
