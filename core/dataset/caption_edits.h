#pragma once

#include "core/config/workspace_config.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

/// A change of many captions at once. What is given applies in this order.
struct CaptionEdit {
    bool fromName = false; ///< Records without a caption get the words of their picture's name.
    std::string find;      ///< Replaced wherever it occurs, case-sensitive; empty: nothing.
    std::string replacement;
    std::string before, after; ///< Added to the start and end of captions that have words, unless already there.
};

/// What an edit makes of a caption. `pictureName` is the file's name without ending: "red_car-2" gives "red car 2".
std::string editedCaption(const CaptionEdit& edit, const std::string& caption, const std::string& pictureName);

struct CaptionChange {
    std::string id, before, after;
};
/// What the edit would change of these records (of all that are not excluded where `ids` is empty), in order of ids.
/// Throws DataError for an unknown id and for texts that are not UTF-8.
std::vector<CaptionChange> previewCaptionEdit(const Workspace& workspace, const std::vector<std::string>& ids,
                                              const CaptionEdit& edit);
/// Makes the edit: all changes as one, as setCaption would make each, and remembered for undoCaptionEdit. Gives what
/// was changed.
std::vector<CaptionChange> applyCaptionEdit(const Workspace& workspace, const std::vector<std::string>& ids,
                                            const CaptionEdit& edit);
/// Undoes the last edit that was not yet undone, also of an earlier session. Captions changed since stay as they are,
/// and an edit of which nothing is left (as when the window undid it) is skipped. Gives what was changed; throws
/// DataError when there is no edit.
std::vector<CaptionChange> undoCaptionEdit(const Workspace& workspace);

/// How often each comma-separated tag occurs in captions, most frequent first, without excluded records.
std::vector<std::pair<std::string, std::int64_t>> captionTagCounts(const Workspace& workspace);

} // namespace nanodit
