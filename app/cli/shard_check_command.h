#pragma once

#include "app/cli/commands.h"

namespace nanodit::cli {

/// `nanodit shard --verify`: checks every set, prints what was found, sets the exit code to 1 if anything is wrong.
void runShardCheck(Options& options);

} // namespace nanodit::cli
