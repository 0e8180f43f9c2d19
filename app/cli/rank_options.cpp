#include "app/cli/rank_options.h"

#include "app/cli/number_checks.h"

#include <cstdlib>

namespace nanodit::cli {

void RankOptions::addTo(CLI::App& command)
{
    command
        .add_option("--rank", rank,
                    "Number of this process among those that share the records, from 0 (default: taken from torchrun, "
                    "mpirun or srun)")
        ->check(notNegative());
    command.add_option("--world-size", worldSize, "Number of processes that share the records")->check(positive());
}

RankShare RankOptions::share() const
{
    return rankShare(rank, worldSize, [](const char* name) { return std::getenv(name); });
}

} // namespace nanodit::cli
