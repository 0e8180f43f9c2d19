#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/reject.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

struct UnpackedTar {
    std::filesystem::path folder; ///< Pictures with captions beside them; empty when there was no picture.
    std::vector<Reject> rejects;  ///< Members and samples that could not be taken, and why.
};

/// Unpacks WebDataset tars into folders of their own below the workspace's image folder. One thread.
class TarSource {
public:
    explicit TarSource(const Workspace& workspace);

    /// The pictures of a tar, with KEY.txt and KEY.json beside them, in a folder that is named after `relative`, the
    /// tar's path as the source names it. The folder appears whole or not at all; a tar that was unpacked before and
    /// has not changed is not read again, one that has takes the place of what it gave before. Names become safe ones
    /// (idFromName), so nothing is written elsewhere whatever the tar says. Where a tar is damaged, what lies before
    /// the damage is taken. Empty when stopped. Throws StoreError.
    std::optional<UnpackedTar> unpack(const std::filesystem::path& tar, const std::filesystem::path& relative,
                                      const JobContext& context);

private:
    const Workspace& workspace_;
    std::map<std::string, std::filesystem::path> folders_; ///< By tar, of those unpacked before.
};

} // namespace nanodit
