#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// From now on a program that dies (a fault of memory or arithmetic, an exception that nothing catches) leaves a report
/// in `folder`, which is made: program, time, what it died of, and the stack as addresses and names. `program` with its
/// version. Elsewhere than on Linux nothing is done.
void keepCrashReports(const std::filesystem::path& folder, const std::string& program);

/// Reports that were not taken before, oldest first; they stay in the folder.
std::vector<std::filesystem::path> takeCrashReports(const std::filesystem::path& folder);

} // namespace nanodit
