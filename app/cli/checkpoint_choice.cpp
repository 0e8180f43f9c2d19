#include "app/cli/checkpoint_choice.h"

#include "app/cli/shared_options.h"
#include "core/front/training.h"

namespace nanodit::cli {

void CheckpointOptions::addTo(CLI::App& command)
{
    auto* const file = command
                           .add_option("--checkpoint", checkpoint,
                                       "The checkpoint to use, a folder or a file (default: the newest of all runs)")
                           ->check(notEmpty("a folder or a file"));
    command.add_option("-r,--run", run, "Use the newest checkpoint of this run")
        ->check(notEmpty("the name of a run"))
        ->excludes(file);
    command
        .add_option("--weights", weights,
                    "Use its weights as they were trained (raw) or their moving average (ema) (default: ema where "
                    "one is kept)")
        ->check(CLI::IsMember(std::vector<std::string>(weightsKindNames.begin(), weightsKindNames.end())));
}

std::filesystem::path CheckpointOptions::choose(const Workspace& workspace) const
{
    return weightsOf(checkpoint.empty() ? newestCheckpoint(workspace, run) : checkpoint);
}

std::filesystem::path CheckpointOptions::weightsOf(const std::filesystem::path& of) const
{
    return weights.empty() ? of : weightsFile(of, weightsKindFromName(weights));
}

} // namespace nanodit::cli
