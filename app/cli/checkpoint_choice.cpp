#include "app/cli/checkpoint_choice.h"

namespace nanodit::cli {

std::filesystem::path newestCheckpoint(const Workspace& workspace, const std::string& name)
{
    std::filesystem::path newest;
    for (const auto& run : listRuns(workspace)) {
        if (!run.checkpoints.empty() && (name.empty() || run.name == name))
            newest = run.checkpoints.back();
    }
    if (newest.empty())
        throw UsageError(name.empty()
                             ? "the workspace has no run with a checkpoint: train one, or name a folder with "
                               "--checkpoint"
                             : "the run \"" + name + "\" has no checkpoint in " + workspace.runsFolder().string());
    return newest;
}

} // namespace nanodit::cli
