#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/passed_by.h"
#include "core/dataset/record.h"
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
    PassedBy passedBy;            ///< Members that are neither pictures nor side files of one.
};

/// Unpacks WebDataset tars into folders of their own below the workspace's image folder. One thread.
class TarSource {
public:
    explicit TarSource(const Workspace& workspace);

    /// The pictures of a tar (compressed or not), with their side files beside them, in a folder that is named after
    /// `relative`, the tar's path as the source names it. A sample's key ends at the first dot, as WebDataset has it;
    /// where that leaves no picture (DSC.0001.jpg), at the last; KEY.caption.txt is KEY.image.jpg's. KEY-mask.png is
    /// the mask of KEY's loss and lies beside its picture. The folder appears whole or not at all; a tar that was
    /// unpacked before and has not changed is not read again, one that has takes the place of what it gave before.
    /// Names become safe ones (idFromName), so nothing is written elsewhere whatever the tar says. Of a damaged tar all
    /// members are taken that are whole; tars put behind one another are read as one. Empty when stopped. Throws
    /// StoreError.
    std::optional<UnpackedTar> unpack(const std::filesystem::path& tar, const std::filesystem::path& relative,
                                      const JobContext& context);

private:
    bool isOfMovedTar(const std::filesystem::path& folder, const FileStamp& stamp) const;

    const Workspace& workspace_;
    std::map<std::string, std::filesystem::path> folders_; ///< By tar, of those unpacked before.
};

} // namespace nanodit
