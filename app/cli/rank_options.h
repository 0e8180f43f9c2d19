#pragma once

#include "core/front/data.h"

#include <CLI/CLI.hpp>

#include <optional>

namespace nanodit::cli {

/// --rank and --world-size, of commands that several processes share.
struct RankOptions {
    std::optional<std::int64_t> rank, worldSize;

    void addTo(CLI::App& command);
    /// As given, or as a launcher's variables say.
    RankShare share() const;
};

} // namespace nanodit::cli
