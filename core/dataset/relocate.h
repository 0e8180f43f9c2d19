#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/reject.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

namespace nanodit {

struct RelocateRequest {
    Workspace workspace;
    std::filesystem::path from, to; ///< Where a folder of pictures, or one picture, was and is now.
    std::function<void(const struct RelocateReport&)> finished = [](const auto&) {};
};
struct RelocateReport {
    std::int64_t moved = 0;     ///< Records whose picture is known at its new place.
    std::int64_t elsewhere = 0; ///< Records whose picture never was below `from`.
    std::vector<Reject> left;   ///< Records that were left as they are, and why.
};
/// Tells records where their pictures are now, with ids, edits and arrays as they are. A picture counts as the same
/// when its bytes are; others are left and listed. In the catalog as one, or nothing. run() throws DataError when `to`
/// is not there or no record has a picture below `from`.
std::unique_ptr<Job> makeRelocateJob(RelocateRequest request);

} // namespace nanodit
