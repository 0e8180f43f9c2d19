#include "core/runs/run_folder.h"

#include "core/io/atomic_file.h"
#include "core/runs/catalogue.h"
#include "core/runtime/error.h"

#include <ctime>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

std::string timestamp()
{
    const auto now = std::time(nullptr);
    std::tm local{};
    localtime_r(&now, &local);
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &local);
    return text;
}

const char* levelName(LogLevel level)
{
    switch (level) {
    case LogLevel::Warning:
        return " warning: ";
    case LogLevel::Error:
        return " error: ";
    case LogLevel::Info:
        break;
    }
    return " ";
}

} // namespace

RunFolder::RunFolder(const Workspace& workspace, const std::string& name, bool resume)
    : path_(workspace.runsFolder() / name)
{
    const bool plainName = !name.empty() && name.find('/') == std::string::npos && name[0] != '.';
    if (!plainName)
        throw UsageError("\"" + name +
                         "\" is no name for a run: use one without slashes that does not begin with a dot");
    const bool begun = fs::exists(path_ / "metrics.jsonl") || !listCheckpoints(path_).empty();
    if (begun && !resume)
        throw UsageError("the run \"" + name + "\" exists already: resume it, or choose another name");
    if (resume && listCheckpoints(path_).empty())
        throw UsageError("the run \"" + name + "\" cannot be resumed: " + (path_ / "checkpoints").string() +
                         " holds no whole checkpoint");
    std::error_code error;
    fs::create_directories(path_, error);
    if (error)
        throw StoreError("the folder " + path_.string() + " could not be made: " + error.message());
    if (fs::exists(path_ / "checkpoints"))
        removeAbandonedTemporaries(path_ / "checkpoints");
    log_.open(path_ / "log.txt", std::ios::app);
}

void RunFolder::writeConfig(const TrainConfig& config) const
{
    writeFileAtomically(path_ / "config.yaml", toYaml(config, true));
}

void RunFolder::note(LogLevel level, const std::string& text)
{
    log_ << timestamp() << levelName(level) << text << "\n" << std::flush;
}

JobContext RunFolder::logged(const JobContext& context)
{
    auto copy = context;
    copy.log = [this, log = context.log](LogLevel level, const std::string& text) {
        note(level, text);
        log(level, text);
    };
    return copy;
}

} // namespace nanodit
