#include "core/runs/run_folder.h"

#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/io/presence.h"
#include "core/runs/catalogue.h"
#include "core/runs/previews.h"
#include "core/runs/run_history.h"
#include "core/runs/run_notes.h"
#include "core/runtime/error.h"
#include "core/runtime/local_time.h"

namespace nanodit {

namespace fs = std::filesystem;

namespace {

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
    if (!isRunName(name))
        throw UsageError("\"" + printableText(name) +
                         "\" cannot be the name of a run: use one without slashes that does not begin with a dot");
    if (resume && !isPresent(path_))
        throw UsageError("the run \"" + name + "\" cannot be resumed: there is no " + path_.string() +
                         nearestRun(workspace, name));
    std::error_code error;
    isNew_ = fs::create_directories(path_, error);
    if (error)
        throw StoreError("the folder " + path_.string() + " could not be created: " + error.message());
    lock_.emplace(path_, name);
    for (const auto* folder : {".", "checkpoints", "nonfinite"}) // before the look: one may get its name back
        removeAbandonedTemporaries(path_ / folder);
    for (const auto* kind : previewKindNames)
        removeAbandonedTemporaries(path_ / "samples" / kind);
    const bool begun = fs::exists(path_ / "metrics.jsonl") || !listCheckpoints(path_).empty();
    if (begun && !resume)
        throw UsageError("the run \"" + name + "\" exists already: resume it, or choose another name");
    if (resume && listCheckpoints(path_).empty())
        throw UsageError("the run \"" + name + "\" cannot be resumed: " + (path_ / "checkpoints").string() +
                         " has no complete checkpoint");
    log_.open(path_ / "log.txt", std::ios::app);
    if (!log_)
        throw StoreError((path_ / "log.txt").string() + " could not be opened: the run's folder must be writable");
    if (const auto& before = lock_->predecessor())
        note(LogLevel::Warning, "the run was trained by " + before->text() + ", which ended without releasing it");
}

RunFolder::~RunFolder()
{
    if (!isNew_ || !abandoned_ || lock_->lost())
        return;
    std::error_code ignored; // what cannot be removed is another run's, or lies on a disk that fails
    log_.close();
    for (const auto* const name : {"log.txt", runHistoryFile})
        fs::remove(path_ / name, ignored);
    lock_.reset();
    fs::remove(path_, ignored); // not with anything in it
}

void RunFolder::writeConfig(const TrainConfig& config, std::int64_t step) const
{
    const auto file = path_ / "config.yaml";
    const auto text = toYaml(config, true);
    if (step > 0 && fs::exists(file)) {
        if (const auto before = readTextFile(file); before != text)
            writeFileAtomically(path_ / ("config-until-" + checkpointName(step) + ".yaml"), before);
    }
    writeFileAtomically(file, text);
}

void RunFolder::note(LogLevel level, const std::string& text)
{
    log_.clear(); // the disk was full, perhaps, and has room again
    log_ << localTimeText() << levelName(level) << text << "\n" << std::flush;
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
