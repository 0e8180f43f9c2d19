#pragma once

/// Edits of records. Each is in the catalog, whole or not at all, when the call returns; an id that is unknown throws
/// DataError with nothing changed. Importing again leaves an edit alone, unless the source itself says something new.

#include "core/config/workspace_config.h"

#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Makes the record's t5 array stale. Line ends become spaces; throws DataError when it is not UTF-8.
void setCaption(const Workspace& workspace, const std::string& id, const std::string& caption);
/// Letters, digits, '-' and '_' (else DataError), read as import reads them ("dev" is val); empty: by the rule, as
/// validation_share has it.
void setSplit(const Workspace& workspace, const std::vector<std::string>& ids, const std::string& typed);
/// Takes records out of passes and packing for this reason; an empty one includes them again, whatever import's rules
/// say. Their arrays stay.
void setExcluded(const Workspace& workspace, const std::vector<std::string>& ids, const std::string& reason);
/// Replaces the tags: sorted, each once, blanks around them removed, empty ones left out.
void setTags(const Workspace& workspace, const std::vector<std::string>& ids, const std::vector<std::string>& tags);

// What an editor that can undo needs besides.

/// Everything of a record that edits change, with who said so.
struct EditableFields {
    std::string id;
    std::string caption;
    std::optional<std::string> sourceCaption; ///< Set when the caption is not its source's.
    std::string split;
    bool splitGiven = false, splitEdited = false;
    std::vector<std::string> tags;
    bool tagsEdited = false;
    std::string excluded;
    bool exclusionEdited = false;
    bool operator==(const EditableFields&) const = default;
};

/// In the order of `ids`; throws DataError for an id that no record has.
std::vector<EditableFields> editableFields(const Workspace& workspace, const std::vector<std::string>& ids);

/// Undoes or redoes an edit: where `from` and `to` differ, the record gets the value of `to`; the rest is left as it is
/// now. Both hold the same ids in the same order. In the catalog as one, or nothing.
void changeFields(const Workspace& workspace, const std::vector<EditableFields>& from,
                  const std::vector<EditableFields>& to);

/// Adds and removes tags; each record keeps its others. As setTags otherwise.
void changeTags(const Workspace& workspace, const std::vector<std::string>& ids, const std::vector<std::string>& added,
                const std::vector<std::string>& removed);

} // namespace nanodit
