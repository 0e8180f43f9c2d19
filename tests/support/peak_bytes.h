#pragma once

#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>
#include <torch/version.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace nanodit::test {

#if TORCH_VERSION_MAJOR >= 2
using TotalBytes = std::size_t;
#else
using TotalBytes = std::int64_t;
#endif

/// The most bytes of tensors that lived at once, beyond those that were there before.
class PeakBytes : public c10::MemoryReportingInfoBase {
public:
    void reportMemoryUsage(void*, std::int64_t size, TotalBytes, TotalBytes, c10::Device) override
    {
        now_ += size;
        peak_ = std::max(peak_, now_);
    }
    bool memoryProfilingEnabled() const override { return true; }
    std::int64_t peak() const { return peak_; }

private:
    std::int64_t now_ = 0, peak_ = 0;
};

template<typename Action>
std::int64_t peakBytes(Action&& action)
{
    const auto info = std::make_shared<PeakBytes>();
    const c10::DebugInfoGuard guard(c10::DebugInfoKind::PROFILER_STATE, info);
    action();
    return info->peak();
}

} // namespace nanodit::test
