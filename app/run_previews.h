#pragma once

#include "app/training.h"
#include "core/front/data.h"

#include <vector>

namespace nanodit {

/// The pictures that a run painted while it trained, read back from its folder samples/ (step-00000100-RECORD.png), of
/// each kind by step; of a long run the newest `steps`. References come from `records`, which are in the order of their
/// ids; pictures of records that are gone have none. Slow: background.
std::vector<TrainPreview> readRunPreviews(const std::filesystem::path& runFolder,
                                          const std::vector<RecordInfo>& records, std::size_t steps);

} // namespace nanodit
