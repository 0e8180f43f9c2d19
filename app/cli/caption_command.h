#pragma once

#include "app/cli/commands.h"

namespace nanodit::cli {

void addCaptionCommand(CLI::App& app, Options& options);

} // namespace nanodit::cli
