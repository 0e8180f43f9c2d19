#pragma once

#include "app/cli/commands.h"

namespace nanodit::cli {

void addPreprocessCommand(CLI::App& app, Options& options); ///< preprocess, and what it would do

} // namespace nanodit::cli
