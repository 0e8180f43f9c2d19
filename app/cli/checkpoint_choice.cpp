#include "app/cli/checkpoint_choice.h"

#include "core/front/training.h"
#include "core/runtime/error.h"

namespace nanodit::cli {

std::filesystem::path newestCheckpoint(const Workspace& workspace, const std::string& name)
{
    std::filesystem::path newest;
    std::filesystem::file_time_type latest{};
    for (const auto& run : listRuns(workspace)) {
        if (run.checkpoints.empty() || (!name.empty() && run.name != name))
            continue;
        const auto written = std::filesystem::last_write_time(run.checkpoints.back());
        if (newest.empty() || written > latest) {
            newest = run.checkpoints.back();
            latest = written;
        }
    }
    if (newest.empty())
        throw UsageError(name.empty()
                             ? "the workspace has no run with a checkpoint: train one, or name one with --checkpoint"
                             : "the run \"" + name + "\" has no checkpoint in " + workspace.runsFolder().string());
    return newest;
}

} // namespace nanodit::cli
