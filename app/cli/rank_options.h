#pragma once

#include "app/cli/commands.h"
#include "core/front/data.h"

namespace nanodit::cli {

/// --rank and --world-size, of commands that several processes share.
struct RankOptions {
    std::optional<std::int64_t> rank, worldSize;

    void addTo(CLI::App& command);
    /// As asked for, or as a launcher's variables tell.
    RankShare share() const;
};

void addMergeCommand(CLI::App& app, Options& options);

} // namespace nanodit::cli
