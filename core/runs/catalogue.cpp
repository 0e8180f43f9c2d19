#include "core/runs/catalogue.h"

#include "core/config/field.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <map>
#include <system_error>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

const std::string checkpointPrefix = "step-";
const std::string rawSuffix = "-raw";

} // namespace

std::string checkpointName(std::int64_t step)
{
    char name[32];
    std::snprintf(name, sizeof name, "step-%08lld", static_cast<long long>(step));
    return name;
}

std::optional<std::int64_t> checkpointStep(const std::string& name)
{
    if (!name.starts_with(checkpointPrefix))
        return std::nullopt;
    std::int64_t step = 0;
    const auto* const end = name.data() + name.size();
    const auto [rest, error] = std::from_chars(name.data() + checkpointPrefix.size(), end, step);
    return error == std::errc() && rest == end && step >= 0 ? std::optional(step) : std::nullopt;
}

std::vector<fs::path> listCheckpoints(const fs::path& runFolder)
{
    std::map<std::int64_t, fs::path> found;
    std::error_code error;
    for (fs::directory_iterator entry(runFolder / "checkpoints", error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code none;
        const auto step = checkpointStep(entry->path().filename().string());
        if (step && fs::exists(entry->path() / "state.json", none))
            found.emplace(*step, entry->path());
    }
    std::vector<fs::path> checkpoints;
    for (auto& [step, path] : found)
        checkpoints.push_back(std::move(path));
    return checkpoints;
}

std::vector<RunInfo> listRuns(const Workspace& workspace)
{
    std::vector<RunInfo> runs;
    std::error_code error;
    for (fs::directory_iterator entry(workspace.runsFolder(), error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code none;
        if (!entry->is_directory(none))
            continue;
        RunInfo run{.name = entry->path().filename().string(),
                    .folder = entry->path(),
                    .checkpoints = listCheckpoints(entry->path())};
        if (!run.checkpoints.empty())
            run.lastWritten = fs::last_write_time(run.checkpoints.back(), none);
        if (!run.checkpoints.empty() || fs::exists(run.folder / "metrics.jsonl", none) ||
            fs::exists(run.folder / "config.yaml", none))
            runs.push_back(std::move(run));
    }
    std::sort(runs.begin(), runs.end(), [](const RunInfo& a, const RunInfo& b) { return a.name < b.name; });
    return runs;
}

const RunInfo* newestRun(const std::vector<RunInfo>& runs)
{
    const RunInfo* newest = nullptr;
    for (const auto& run : runs) {
        if (!run.checkpoints.empty() && (newest == nullptr || run.lastWritten > newest->lastWritten))
            newest = &run;
    }
    return newest;
}

fs::path newestCheckpoint(const Workspace& workspace, const std::string& name)
{
    auto runs = listRuns(workspace);
    if (!name.empty())
        std::erase_if(runs, [&name](const RunInfo& run) { return run.name != name; });
    if (const auto* const run = newestRun(runs))
        return run->checkpoints.back();
    if (name.empty())
        throw UsageError("no run in " + workspace.runsFolder().string() + " has a checkpoint: train one first");
    if (runs.empty())
        throw UsageError("there is no run \"" + name + "\" in " + workspace.runsFolder().string() +
                         nearestRun(workspace, name));
    throw UsageError("the run \"" + name + "\" has no checkpoint in " + workspace.runsFolder().string());
}

std::string nearestRun(const Workspace& workspace, const std::string& name)
{
    std::vector<std::string> names;
    for (const auto& run : listRuns(workspace))
        names.push_back(run.name);
    const auto near = nearestName(name, names);
    return near.empty() ? std::string() : "; did you mean \"" + near + "\"?";
}

std::string freeRunName(const Workspace& workspace, const std::string& stem)
{
    return freeRunName(stem, [&workspace](const std::string& name) {
        std::error_code none;
        return fs::exists(fs::symlink_status(workspace.runsFolder() / name, none));
    });
}

std::string freeRunName(const std::vector<RunInfo>& runs, const std::string& stem)
{
    return freeRunName(
        stem, [&runs](const std::string& name) { return std::ranges::find(runs, name, &RunInfo::name) != runs.end(); });
}

std::string freeRunName(const std::string& stem, const std::function<bool(const std::string& name)>& isTaken)
{
    auto name = stem;
    for (int i = 2; isTaken(name); ++i)
        name = stem + "-" + std::to_string(i);
    return name;
}

RunState runState(const RunInfo& run, std::int64_t steps, std::int64_t planned, bool running)
{
    if (running)
        return RunState::Running;
    if (planned > 0 && steps >= planned)
        return RunState::Finished;
    return run.checkpoints.empty() ? RunState::NoCheckpoint : RunState::Stopped;
}

std::string runStateName(RunState state)
{
    switch (state) {
    case RunState::Running:
        return "running";
    case RunState::Finished:
        return "finished";
    case RunState::Stopped:
        return "stopped";
    case RunState::NoCheckpoint:
        break;
    }
    return "no checkpoint";
}

std::vector<fs::path> validationReports(const RunInfo& run)
{
    std::vector<fs::path> reports;
    std::error_code error;
    for (fs::directory_iterator entry(run.folder / "validation", error), end; !error && entry != end;
         entry.increment(error)) {
        std::error_code none;
        if (fs::exists(entry->path() / "report.json", none))
            reports.push_back(entry->path());
    }
    std::sort(reports.begin(), reports.end());
    return reports;
}

std::vector<ValidationSubject> validationSubjects(const std::vector<RunInfo>& runs)
{
    std::vector<ValidationSubject> subjects;
    for (const auto& run : runs) {
        std::map<std::pair<std::int64_t, bool>, ValidationSubject> newestFirst; // by minus the step, and raw
        const auto subjectOf = [&](std::int64_t step, bool raw) -> ValidationSubject& {
            auto& subject = newestFirst[{-step, raw}];
            subject.run = run.name;
            subject.step = step;
            subject.raw = raw;
            return subject;
        };
        for (const auto& checkpoint : run.checkpoints) {
            const auto step = checkpointStep(checkpoint.filename().string());
            if (!step)
                continue;
            subjectOf(*step, false).checkpoint = checkpoint;
            if (hasBothWeights(checkpoint))
                subjectOf(*step, true).checkpoint = weightsFile(checkpoint, WeightsKind::Raw);
        }
        for (const auto& report : validationReports(run)) {
            auto name = report.filename().string();
            const bool raw = isOfRawWeights(report);
            if (raw)
                name.resize(name.size() - rawSuffix.size());
            if (const auto step = checkpointStep(name)) {
                auto& subject = subjectOf(*step, raw);
                std::error_code none;
                subject.report = report;
                subject.reportWritten = fs::last_write_time(report / "report.json", none);
            }
        }
        for (auto& [key, subject] : newestFirst)
            subjects.push_back(std::move(subject));
    }
    return subjects;
}

fs::path validationFolder(const fs::path& checkpoint)
{
    const auto whole = fs::absolute(checkpoint).lexically_normal();
    const auto named = whole.filename().empty() ? whole.parent_path() : whole; // it may end in a slash
    const auto parent = named.parent_path();
    if (parent.filename() == "checkpoints")
        return parent.parent_path() / "validation" / named.filename();
    if (parent.parent_path().filename() != "checkpoints")
        return {};
    auto name = parent.filename().string(); // a weights file of that checkpoint
    if (named != weightsFile(parent))
        name += weightsKindOf(named) == WeightsKind::Raw ? rawSuffix : "-" + named.stem().string();
    return parent.parent_path().parent_path() / "validation" / name;
}

bool isOfRawWeights(const fs::path& reportFolder)
{
    const auto name = reportFolder.filename().string();
    return name.ends_with(rawSuffix) && checkpointStep(name.substr(0, name.size() - rawSuffix.size())).has_value();
}

} // namespace nanodit
