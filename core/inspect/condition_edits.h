#pragma once

#include "core/geometry/bucket.h"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace nanodit {

/// Patches of another record, put over a rectangle of the record's own.
struct PatchPaste {
    std::string record;
    GridCell from, to; ///< Upper left corners, in that record's grid and in the record's own.
    std::int64_t rows = 0, cols = 0;
    bool operator==(const PatchPaste&) const = default;
};

/// What is changed in a record's conditions before a model sees them. Words are numbered as in the caption.
struct ConditionEdits {
    /// Their tokens leave the context; those of the other words stay as they were encoded, with what they know of them.
    std::set<std::size_t> erasedWords;
    /// The caption is encoded again with these replacements; an empty one leaves the word out.
    std::map<std::size_t, std::string> replacedWords;
    bool eraseCls = false;                ///< The learned null takes its place.
    std::string clsFrom;                  ///< Another record's CLS; empty keeps the record's own.
    std::set<std::int64_t> erasedPatches; ///< They leave the context.
    std::vector<PatchPaste> pastes;       ///< In this order, before patches are erased.

    bool empty() const { return *this == ConditionEdits{}; }
    bool operator==(const ConditionEdits&) const = default;
};

} // namespace nanodit
