#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/passed_by.h"
#include "core/dataset/reject.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

struct ImportRequest {
    Workspace workspace;
    std::filesystem::path source; ///< A folder of pictures with sidecar captions, a records.jsonl or a WebDataset tar.
    std::function<void(const struct ImportReport&)> finished = [](const auto&) {};
};
struct ImportReport {
    std::int64_t added = 0, updated = 0, unchanged = 0;
    /// Records of this source that are excluded by rule: "broken", "animation", "too small", "extreme aspect ratio",
    /// "exact duplicate", "near duplicate".
    std::map<std::string, std::int64_t> excluded;
    std::vector<Reject> newlyExcluded; ///< Those among them that this import excluded, and why.
    std::vector<Reject> rejects;       ///< What gave no record.
    PassedBy passedBy;                 ///< What was met and is neither a picture nor of use for one.
    std::vector<Reject> notes;         ///< What the source says of a picture that was taken and that could not be used.
    std::vector<std::string> remarks;  ///< Sentences on the whole: animations, colour profiles, splits, lost pictures.

    /// All that was met: taken, left out and passed by.
    std::int64_t found() const
    {
        return added + updated + unchanged + static_cast<std::int64_t>(rejects.size()) + passedBy.count();
    }
};
std::unique_ptr<Job> makeImportJob(ImportRequest request);

} // namespace nanodit
