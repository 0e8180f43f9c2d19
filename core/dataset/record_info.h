#pragma once

#include "core/dataset/pass.h"
#include "core/geometry/bucket.h"
#include "core/runtime/remedy.h"

#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Wrong: misaligned, of the wrong shape, or not finite; RecordInfo::problem says which.
enum class ArrayState { Missing, Whole, Stale, Wrong };

struct RecordInfo {
    std::string id;
    std::filesystem::path image;
    std::string caption;
    std::string split;  ///< "train" or "val"
    ImageSize original; ///< After EXIF rotation.
    ImageSize bucket;
    std::vector<std::string> tags;
    std::string excluded;                              ///< Why it takes no part in passes and packing; empty: it does.
    bool excludedByRule = false;                       ///< By import's rules, not by a person.
    std::array<ArrayState, 4> arrays{};                ///< By ArrayKind.
    std::array<std::vector<InputChange>, 4> changes{}; ///< Why an array is stale.
    std::array<bool, 4> adopted{};                     ///< Made elsewhere, without provenance, and found good.
    std::string problem;                               ///< A sentence, or empty.
    std::optional<Remedy> remedy = {};                 ///< Against the problem.
};

} // namespace nanodit
