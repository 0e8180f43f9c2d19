#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/record.h"
#include "core/preprocess/pass_encoders.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace nanodit {

/// Which rows of stored text are tokens of the caption: other pipelines store it padded to its full length. Whoever
/// reads t5 arrays as conditions asks this first. Refers to the workspace and its encoders.
class TextPadding {
public:
    TextPadding(const Workspace& workspace, const PassEncoders& encoders)
        : workspace_(workspace)
        , encoders_(encoders)
    {
    }

    /// Where a record's mask lies, if it has one.
    static std::filesystem::path maskFile(const Workspace& workspace, const std::string& id);

    /// How many of a record's `rows` rows, from the first on, count, 1 to `rows`: by its mask of as many elements in
    /// data/derived/t5_mask, or else, of text of the full length, by the caption's own. All of text that was made here.
    /// Throws DataError for a mask that is none.
    std::int64_t validRows(const Record& record, std::int64_t rows);

private:
    const Workspace& workspace_;
    const PassEncoders& encoders_;
    std::function<std::int64_t(const std::string&)> tokenCount_; ///< Empty until it is needed.
};

} // namespace nanodit
