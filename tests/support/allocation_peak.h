#pragma once

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <cstdint>
#include <memory>

namespace nanodit::test {

/// Counts what LibTorch allocates on the CPU for this thread's tensors.
class AllocationCounter : public c10::MemoryReportingInfoBase {
public:
    void reportMemoryUsage(void*, std::int64_t bytes, std::int64_t, std::int64_t, c10::Device) override
    {
        held_ += bytes;
        most_ = std::max(most_, held_);
    }
    bool memoryProfilingEnabled() const override { return true; }
    std::int64_t most() const { return most_; }

private:
    std::int64_t held_ = 0, most_ = 0;
};

/// The most bytes that `work` held at once in tensors that it made itself.
template<typename Work>
std::int64_t allocationPeak(Work&& work)
{
    const auto counter = std::make_shared<AllocationCounter>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, counter);
    work();
    return counter->most();
}

} // namespace nanodit::test
