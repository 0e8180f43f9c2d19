#pragma once

#include "core/config/workspace_config.h"
#include "core/front/sampling.h"

#include <CLI/CLI.hpp>

#include <filesystem>

namespace nanodit::cli {

/// Where in the picture the reference guides: --dino-mask and --dino-scale-mask.
struct MaskOptions {
    std::filesystem::path patches, scale;

    void addTo(CLI::App& command);
    /// Reads the masks at the size of the request, which has a reference. Throws UsageError and DataError.
    void apply(SampleRequest& request, const Workspace& workspace) const;
};

} // namespace nanodit::cli
