#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace nanodit {

/// A limit that a control group (a container, a Slurm step, a systemd unit) sets, and the file that says so.
template<typename Value>
struct GroupLimit {
    Value value{};
    std::filesystem::path file;
};

/// What the control groups of this process allow it; empty where none of them limits it.
struct GroupLimits {
    std::optional<GroupLimit<std::int64_t>> memory; ///< Bytes: the smallest limit from its own group to the root.
    std::optional<std::int64_t> memoryUsed;         ///< Bytes that the group with that limit holds; caches left out.
    std::optional<GroupLimit<double>> cores;        ///< Processor seconds a second.
};

/// Reads the limits of cgroup v2 (memory.max, memory.high, cpu.max) and of v1 (memory.limit_in_bytes,
/// cpu.cfs_quota_us). `root`: where /proc and the mounted hierarchies are looked for; tests put a tree of files there.
GroupLimits readGroupLimits(const std::filesystem::path& root = "/");

/// The machine, and what of it this process may use.
struct Machine {
    std::string processor;       ///< "AMD EPYC 9V74", or "".
    std::string system;          ///< "Debian GNU/Linux 12 (bookworm), Linux 6.1.0"
    int cores = 1;               ///< Of the machine.
    int coresAllowed = 1;        ///< That the scheduler lets this process run on (taskset, cpuset).
    std::int64_t memory = 0;     ///< Bytes of the machine.
    std::int64_t memoryFree = 0; ///< Bytes that can be had without swapping; of the machine, not of the group.
    GroupLimits limits;

    int usableCores() const;              ///< At least 1.
    std::int64_t usableMemory() const;    ///< Bytes: of the machine, or of the group where that is less.
    std::int64_t availableMemory() const; ///< Bytes of it that are free now.
};

/// As it is now. Files that cannot be read leave their fields at 0.
Machine readMachine();

/// Bytes that this process may use: of the machine, or of its control group where that is less. Read once.
std::int64_t usableMemory();
/// Cores that this process may keep busy, at least 1. Read once.
int usableCores();

/// Bytes: the most that this process has held so far, or since forgetPeakMemory(). 0 where the system does not say.
std::int64_t peakMemory();
/// Sets the peak to what the process holds now.
void forgetPeakMemory();

} // namespace nanodit
