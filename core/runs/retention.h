#pragma once

/// Which checkpoints of a run are kept.

#include "core/config/train_config.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// Why a checkpoint is kept.
enum class KeptAs {
    Newest,    ///< One of the last SavingConfig::keep.
    EveryNth,  ///< SavingConfig::keepEvery divides its step.
    Validated, ///< A report of a validation is of it.
    Best,      ///< By SavingConfig::bestBy.
    Starred,   ///< By a person: a file `star` in its folder.
    Evidence,  ///< The weights of a step that was not finite, which can be run again from it.
};
/// "newest", "every 5000th"... in words; `rule` gives the numbers.
std::string keptAsText(KeptAs reason, const SavingConfig& rule);

struct CheckpointStanding {
    std::filesystem::path folder;
    std::int64_t step = 0;
    std::vector<KeptAs> reasons; ///< Empty: the next thinning removes it.
};
/// Of a run's whole checkpoints, oldest first.
std::vector<CheckpointStanding> checkpointStandings(const std::filesystem::path& runFolder, const SavingConfig& rule);

/// Removes the checkpoints that nothing keeps and gives their folders. One that cannot be removed now, or of which it
/// cannot be seen whether something keeps it, is tried again the next time. With SavingConfig::keep 0 nothing is
/// removed.
std::vector<std::filesystem::path> thinCheckpoints(const std::filesystem::path& runFolder, const SavingConfig& rule);

/// Throws StoreError.
void starCheckpoint(const std::filesystem::path& checkpoint, bool starred);
bool isStarred(const std::filesystem::path& checkpoint);

} // namespace nanodit
