#pragma once

/// How a run can go on.

#include "core/runs/catalogue.h"

#include <cstdint>
#include <filesystem>

namespace nanodit {

/// Resume: its newest checkpoint has all that training needs, and steps are left. TrainLonger: the same, but it has
/// done all its steps. StartFrom: it has averaged weights only, which a new run can start from. StartAgain: it has no
/// checkpoint.
enum class Continuation { Resume, TrainLonger, StartFrom, StartAgain };

/// `planned`: steps of its configuration.
Continuation continuationOf(const RunInfo& run, std::int64_t planned);

/// Whether a checkpoint holds the weights as they were trained and the optimiser's state, not only the average.
bool canBeResumed(const std::filesystem::path& checkpoint);

/// Steps done at the newest checkpoint; 0 without one.
std::int64_t stepsDone(const RunInfo& run);

/// The run that was written last, where it was stopped before its end and can be resumed; else null. Reads its
/// configuration.
const RunInfo* interruptedRun(const std::vector<RunInfo>& runs);

} // namespace nanodit
