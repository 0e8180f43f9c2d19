#pragma once

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/runs/run_lock.h"
#include "core/runtime/job.h"

#include <fstream>
#include <optional>

namespace nanodit {

/// The folder of a run being trained: runs/<name> with config.yaml and log.txt, locked while this object lives.
class RunFolder {
public:
    /// Makes it, or continues it when `resume`. Throws UsageError when it exists and is not to be continued, or is to
    /// be continued and holds no checkpoint; StoreError naming who trains it already.
    RunFolder(const Workspace& workspace, const std::string& name, bool resume);
    ~RunFolder();
    RunFolder(const RunFolder&) = delete;
    RunFolder& operator=(const RunFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    const RunLock& lock() const { return *lock_; }
    /// config.yaml. What it said until step `step`, if that was something else, stays as
    /// config-until-step-XXXXXXXX.yaml.
    void writeConfig(const TrainConfig& config, std::int64_t step) const;
    /// Appends a line to log.txt.
    void note(LogLevel level, const std::string& text);
    /// The context, with what is logged also appended to log.txt. This object must outlive it.
    JobContext logged(const JobContext& context);
    /// A new run that has come to nothing: when this object ends, log and history go, and the folder if it is empty
    /// then, so that its name is free. Nothing happens to a folder that was there before.
    void abandon() { abandoned_ = true; }

private:
    std::filesystem::path path_;
    std::optional<RunLock> lock_;
    std::ofstream log_;
    bool isNew_ = false, abandoned_ = false;
};

} // namespace nanodit
