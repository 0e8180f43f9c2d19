#pragma once

/// Time and peak memory of the steps of a benchmark.

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

namespace nanodit::bench {

/// Kilobytes of the line that begins with `name` in /proc/self/status.
inline long memory(const std::string& name)
{
    std::ifstream stream("/proc/self/status");
    for (std::string line; std::getline(stream, line);) {
        if (line.starts_with(name))
            return std::atol(line.c_str() + name.size() + 1);
    }
    return 0;
}

/// Runs a step; its memory is the peak while it runs.
template<typename Step>
void measure(const char* what, std::int64_t count, Step&& step)
{
    std::ofstream("/proc/self/clear_refs") << "5"; // forgets the peak so far
    const auto start = std::chrono::steady_clock::now();
    step();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    std::printf("%-34s %8.2f s  %9.0f /s  peak %5ld MB\n", what, seconds, static_cast<double>(count) / seconds,
                memory("VmHWM") / 1024);
    std::fflush(stdout);
}

} // namespace nanodit::bench
