#pragma once

#include "app/sampling.h"

#include <vector>

namespace nanodit {

/// The picture of `request` and of the seeds that follow its own, `count` altogether.
std::vector<SeriesPicture> seriesOverSeeds(const SampleRequest& request, const std::filesystem::path& checkpoint,
                                           std::int64_t count);
/// The same picture with every checkpoint, each labelled by its step.
std::vector<SeriesPicture> seriesOverCheckpoints(const SampleRequest& request,
                                                 const std::vector<std::filesystem::path>& checkpoints);
/// What the picture becomes by each branch of guidance alone, labelled by the branch.
std::vector<SeriesPicture> seriesOverBranches(const SampleRequest& request, const std::filesystem::path& checkpoint);

} // namespace nanodit
