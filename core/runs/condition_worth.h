#pragma once

/// What each condition is worth to a model, picture by picture: the loss of flow matching at fixed times and noises,
/// under all conditions and without some. A picture whose caption is worth nothing has a caption that does not fit or
/// that the model ignores; one whose patches are worth nothing may be misaligned.

#include "core/config/workspace_config.h"
#include "core/io/event_file.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Losses of one picture: mean squared errors of the velocity, means over the same times and noises.
struct PictureWorth {
    std::string id;
    bool training = false; ///< It is one of those that the model learns from.
    double loss = 0;       ///< With all conditions.
    double nullText = 0;   ///< Text replaced by the learned null.
    double nullDino = 0;   ///< CLS and patches replaced by theirs.
    double clsOnly = 0;    ///< Of DINO, CLS alone: patches left out.

    double captionGain() const { return nullText - loss; }
    double dinoGain() const { return nullDino - loss; }
    double patchGain() const { return clsOnly - loss; }
    bool operator==(const PictureWorth&) const = default;
};

struct ConditionWorth {
    std::string run;
    std::int64_t step = 0;
    std::string weights;                ///< "ema", "raw"
    std::vector<PictureWorth> pictures; ///< Those of the validation split first, each by id.
};

/// Means over the pictures of each split that has some, by the keys of intervalMetricTable().
EventFile::Scalars meansOf(const ConditionWorth& worth);

/// The newest measurement of a run, in its condition_worth.json. Writing throws StoreError.
void writeConditionWorth(const std::filesystem::path& runFolder, const ConditionWorth& worth);
/// Empty where none was made. Throws DataError when the file is damaged.
std::optional<ConditionWorth> readConditionWorth(const std::filesystem::path& runFolder);
/// The one that was written last among the workspace's runs; damaged ones are left out.
std::optional<ConditionWorth> newestConditionWorth(const Workspace& workspace);

} // namespace nanodit
