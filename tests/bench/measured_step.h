#pragma once

/// Time and peak memory of the steps of a benchmark.

#include "core/runtime/elapsed.h"
#include "core/runtime/machine.h"

#include <chrono>
#include <cstdint>
#include <cstdio>

namespace nanodit::bench {

/// Runs a step; its memory is the peak while it runs.
template<typename Step>
void measure(const char* what, std::int64_t count, Step&& step)
{
    forgetPeakMemory();
    const auto start = std::chrono::steady_clock::now();
    step();
    const double seconds = secondsSince(start);
    std::printf("%-34s %8.2f s  %9.0f /s  peak %5lld MB\n", what, seconds, static_cast<double>(count) / seconds,
                static_cast<long long>(peakMemory() >> 20));
    std::fflush(stdout);
}

} // namespace nanodit::bench
