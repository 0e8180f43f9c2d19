#pragma once

#include "core/dataset/dataset_front.h"

#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// What an editor that can undo needs beside the edits of core/dataset/dataset_front.h.

/// Everything of a record that edits change, with who said so.
struct EditableFields {
    std::string id;
    std::string caption;
    std::optional<std::string> sourceCaption; ///< Set when the caption is not its source's.
    std::string split;
    bool splitGiven = false, splitEdited = false;
    std::vector<std::string> tags;
    std::string excluded;
    bool exclusionEdited = false;
    bool operator==(const EditableFields&) const = default;
};

/// In the order of `ids`; throws DataError for an id that no record has.
std::vector<EditableFields> editableFields(const Workspace& workspace, const std::vector<std::string>& ids);

/// Takes an edit back, or makes it again: where `from` and `to` differ, the record gets what `to` says; what they agree
/// in is left as it is now. Both hold the same ids in the same order. In the catalog as one, or nothing.
void changeFields(const Workspace& workspace, const std::vector<EditableFields>& from,
                  const std::vector<EditableFields>& to);

/// Adds and takes away tags, each record keeping its others. As setTags otherwise.
void changeTags(const Workspace& workspace, const std::vector<std::string>& ids, const std::vector<std::string>& added,
                const std::vector<std::string>& removed);

/// These records as listRecords gives them, in the order of `ids`; those that are gone are left out.
std::vector<RecordInfo> findRecords(const Workspace& workspace, const std::vector<std::string>& ids,
                                    Look look = Look::Disk);

} // namespace nanodit
