#include "core/runtime/machine.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <sched.h>
#include <sstream>
#include <sys/utsname.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// The first line of a file, or nothing when it cannot be read.
std::optional<std::string> firstLine(const fs::path& file)
{
    std::ifstream in(file);
    std::string line;
    if (!in || !std::getline(in, line))
        return std::nullopt;
    return line;
}

std::optional<std::int64_t> number(const std::string& text)
{
    std::istringstream in(text);
    std::int64_t value = 0;
    if (in >> value)
        return value;
    return std::nullopt;
}

std::optional<std::int64_t> numberIn(const fs::path& file)
{
    const auto line = firstLine(file);
    return line ? number(*line) : std::nullopt;
}

/// The value of a line "KEY VALUE" or "KEY: VALUE kB".
std::optional<std::int64_t> numberOfKey(const fs::path& file, const std::string& key)
{
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with(key) && line.size() > key.size() && (line[key.size()] == ' ' || line[key.size()] == ':'))
            return number(line.substr(key.size() + 1));
    }
    return std::nullopt;
}

std::string textOfKey(const fs::path& file, const std::string& key, char separator)
{
    std::ifstream in(file);
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with(key))
            continue;
        auto value = line.substr(std::min(line.size(), line.find(separator) + 1));
        value.erase(0, value.find_first_not_of(" \t\""));
        value.erase(value.find_last_not_of(" \t\"") + 1);
        return value;
    }
    return {};
}

/// Where a hierarchy of control groups is mounted, and which group its mount shows as the top.
struct Hierarchy {
    fs::path mount;
    std::string top;
};

bool listHas(const std::string& list, const std::string& word)
{
    std::istringstream in(list);
    for (std::string item; std::getline(in, item, ',');) {
        if (item == word)
            return true;
    }
    return false;
}

/// Of cgroup v2 (`controller` empty), or of the v1 hierarchy with that controller.
std::optional<Hierarchy> hierarchyOf(const fs::path& root, const std::string& controller)
{
    std::ifstream in(root / "proc/self/mountinfo");
    for (std::string line; std::getline(in, line);) {
        const auto dash = line.find(" - ");
        if (dash == std::string::npos)
            continue;
        std::istringstream before(line.substr(0, dash)), after(line.substr(dash + 3));
        std::string id, parent, device, top, mount, type, source, options;
        before >> id >> parent >> device >> top >> mount;
        after >> type >> source >> options;
        if (controller.empty() ? type == "cgroup2" : type == "cgroup" && listHas(options, controller))
            return Hierarchy{.mount = root / fs::path(mount).relative_path(), .top = top};
    }
    return std::nullopt;
}

/// The group of this process in it, as /proc/self/cgroup names it.
std::optional<std::string> groupOf(const fs::path& root, const std::string& controller)
{
    std::ifstream in(root / "proc/self/cgroup");
    for (std::string line; std::getline(in, line);) {
        const auto first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos)
            continue;
        const auto controllers = line.substr(first + 1, second - first - 1);
        if (controller.empty() ? controllers.empty() : listHas(controllers, controller))
            return line.substr(second + 1);
    }
    return std::nullopt;
}

/// The folders of the process's group and of those above it, as far as they can be seen, innermost first.
std::vector<fs::path> groupFolders(const fs::path& root, const std::string& controller)
{
    const auto hierarchy = hierarchyOf(root, controller);
    const auto group = groupOf(root, controller);
    if (!hierarchy || !group)
        return {};
    // In a container the mount may show the container's own group as its top.
    auto below = *group;
    if (hierarchy->top != "/" && below.starts_with(hierarchy->top))
        below = below.substr(hierarchy->top.size());
    auto relative = fs::path(below).relative_path().lexically_normal();
    std::error_code ignored;
    if (relative == "." || !fs::is_directory(hierarchy->mount / relative, ignored))
        relative.clear(); // a group of another namespace: the mount's top is the process's own
    std::vector<fs::path> folders;
    for (; !relative.empty(); relative = relative.parent_path())
        folders.push_back(hierarchy->mount / relative);
    folders.push_back(hierarchy->mount);
    return folders;
}

/// Keeps the smaller one.
template<typename Value>
void limit(std::optional<GroupLimit<Value>>& least, Value value, const fs::path& file)
{
    if (!least || value < least->value)
        least = GroupLimit<Value>{.value = value, .file = file};
}

/// What a group holds that it cannot give back at once.
std::optional<std::int64_t> usedOf(const fs::path& folder, const char* usage, const char* inactive)
{
    const auto used = numberIn(folder / usage);
    if (!used)
        return std::nullopt;
    return std::max<std::int64_t>(0, *used - numberOfKey(folder / "memory.stat", inactive).value_or(0));
}

void readVersion2(const fs::path& root, GroupLimits& limits)
{
    for (const auto& folder : groupFolders(root, "")) {
        for (const auto* name : {"memory.max", "memory.high"}) {
            const auto bytes = numberIn(folder / name); // "max": no limit
            if (!bytes)
                continue;
            limit(limits.memory, *bytes, folder / name);
            if (limits.memory->file == folder / name)
                limits.memoryUsed = usedOf(folder, "memory.current", "inactive_file");
        }
        const auto file = folder / "cpu.max"; // "200000 100000" or "max 100000"
        const auto line = firstLine(file).value_or("");
        std::istringstream in(line);
        double quota = 0, period = 0;
        if (in >> quota >> period && period > 0)
            limit(limits.cores, quota / period, file);
    }
}

void readVersion1(const fs::path& root, GroupLimits& limits)
{
    for (const auto& folder : groupFolders(root, "memory")) {
        const auto file = folder / "memory.limit_in_bytes";
        const auto bytes = numberIn(file);
        if (!bytes ||
            *bytes >= std::numeric_limits<std::int64_t>::max() / 2) // "no limit" is the largest number of pages
            continue;
        limit(limits.memory, *bytes, file);
        if (limits.memory->file == file)
            limits.memoryUsed = usedOf(folder, "memory.usage_in_bytes", "total_inactive_file");
    }
    for (const auto& folder : groupFolders(root, "cpu")) {
        const auto quota = numberIn(folder / "cpu.cfs_quota_us"), period = numberIn(folder / "cpu.cfs_period_us");
        if (quota && period && *quota > 0 && *period > 0)
            limit(limits.cores, static_cast<double>(*quota) / static_cast<double>(*period),
                  folder / "cpu.cfs_quota_us");
    }
}

int coresAllowed()
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) == 0)
        return std::max(1, CPU_COUNT(&set));
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

std::string systemName()
{
    auto name = textOfKey("/etc/os-release", "PRETTY_NAME", '=');
    utsname kernel{};
    if (uname(&kernel) == 0)
        name += (name.empty() ? "" : ", ") + std::string(kernel.sysname) + " " + kernel.release;
    return name;
}

} // namespace

GroupLimits readGroupLimits(const fs::path& root)
{
    GroupLimits limits;
    readVersion2(root, limits);
    readVersion1(root, limits);
    return limits;
}

int Machine::usableCores() const
{
    const auto quota = limits.cores ? static_cast<int>(std::ceil(limits.cores->value)) : coresAllowed;
    return std::max(1, std::min(coresAllowed, quota));
}

std::int64_t Machine::usableMemory() const
{
    return limits.memory && (memory == 0 || limits.memory->value < memory) ? limits.memory->value : memory;
}

std::int64_t Machine::availableMemory() const
{
    if (!limits.memory)
        return memoryFree;
    const auto left = std::max<std::int64_t>(0, limits.memory->value - limits.memoryUsed.value_or(0));
    return memoryFree > 0 ? std::min(memoryFree, left) : left;
}

Machine readMachine()
{
    Machine machine;
    machine.processor = textOfKey("/proc/cpuinfo", "model name", ':');
    machine.system = systemName();
    machine.cores = static_cast<int>(std::max(1L, sysconf(_SC_NPROCESSORS_ONLN)));
    machine.coresAllowed = coresAllowed();
    machine.memory = static_cast<std::int64_t>(sysconf(_SC_PHYS_PAGES)) * sysconf(_SC_PAGESIZE);
    machine.memoryFree = 1024 * numberOfKey("/proc/meminfo", "MemAvailable").value_or(0);
    machine.limits = readGroupLimits();
    return machine;
}

std::int64_t usableMemory()
{
    static const auto bytes = readMachine().usableMemory();
    return bytes;
}

int usableCores()
{
    static const auto cores = readMachine().usableCores();
    return cores;
}

std::int64_t peakMemory()
{
    return 1024 * numberOfKey("/proc/self/status", "VmHWM").value_or(0);
}

void forgetPeakMemory()
{
    std::ofstream("/proc/self/clear_refs") << "5";
}

} // namespace nanodit
