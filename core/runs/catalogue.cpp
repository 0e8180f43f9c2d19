#include "core/runs/catalogue.h"

#include <algorithm>
#include <cstdio>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

std::string checkpointName(std::int64_t step)
{
    char name[32];
    std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
    return name;
}

std::vector<fs::path> listCheckpoints(const fs::path& runFolder)
{
    std::vector<fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(runFolder / "checkpoints", error), end; !error && entry != end;
         entry.increment(error)) {
        const auto name = entry->path().filename().string();
        if (name.starts_with("step-") && fs::exists(entry->path() / "state.json"))
            found.push_back(entry->path());
    }
    std::sort(found.begin(), found.end(), [](const fs::path& a, const fs::path& b) {
        const auto x = a.filename().string(), y = b.filename().string(); // longer numbers are later steps
        return x.size() != y.size() ? x.size() < y.size() : x < y;
    });
    return found;
}

std::vector<RunInfo> listRuns(const Workspace& workspace)
{
    std::vector<RunInfo> runs;
    std::error_code error;
    for (fs::directory_iterator entry(workspace.runsFolder(), error), end; !error && entry != end;
         entry.increment(error)) {
        if (!entry->is_directory())
            continue;
        RunInfo run{.name = entry->path().filename().string(),
                    .folder = entry->path(),
                    .checkpoints = listCheckpoints(entry->path())};
        if (!run.checkpoints.empty() || fs::exists(run.folder / "metrics.jsonl") ||
            fs::exists(run.folder / "config.yaml"))
            runs.push_back(std::move(run));
    }
    std::sort(runs.begin(), runs.end(), [](const RunInfo& a, const RunInfo& b) { return a.name < b.name; });
    return runs;
}

} // namespace nanodit
