#include "app/cli/checkpoint_choice.h"

#include "core/front/training.h"

namespace nanodit::cli {

void CheckpointOptions::addTo(CLI::App& command)
{
    auto* const file = command.add_option(
        "--checkpoint", checkpoint, "The checkpoint to use, a folder or a file (default: the newest of all runs)");
    command.add_option("-r,--run", run, "Use the newest checkpoint of this run")->excludes(file);
}

std::filesystem::path CheckpointOptions::choose(const Workspace& workspace) const
{
    return checkpoint.empty() ? newestCheckpoint(workspace, run) : checkpoint;
}

} // namespace nanodit::cli
