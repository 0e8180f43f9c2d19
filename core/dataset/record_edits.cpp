#include "core/dataset/record_edits.h"

#include "core/dataset/catalog.h"
#include "core/dataset/side_files.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <set>
#include <utility>

namespace nanodit {

namespace {

DataError unknown(const Workspace& workspace, const std::string& id)
{
    return DataError("the workspace " + workspace.root.string() + " has no record \"" + id + "\"",
                     remedy::ListRecords{});
}

/// Applies `change` to each record as one, or throws with nothing changed.
void editRecords(const Workspace& workspace, const std::vector<std::string>& ids,
                 const std::function<void(Record&)>& change)
{
    auto catalog = Catalog::open(workspace);
    catalog.together([&] {
        for (const auto& id : ids) {
            auto record = catalog.find(id);
            if (!record)
                throw unknown(workspace, id);
            change(*record);
            catalog.put(*record);
        }
    });
}

} // namespace

void setCaption(const Workspace& workspace, const std::string& id, const std::string& caption)
{
    if (!isUtf8(caption))
        throw DataError("the new caption of " + id + " is not UTF-8 text");
    editRecords(workspace, {id}, [text = tidyCaption(caption)](Record& record) { editCaption(record, text); });
}

void setSplit(const Workspace& workspace, const std::vector<std::string>& ids, const std::string& typed)
{
    const auto split = splitNamed(typed);
    if (!typed.empty() && !isSafeId(split))
        throw DataError("the split \"" + typed +
                        "\" would name a folder: use letters, digits, '-' and '_', for example train or val");
    editRecords(workspace, ids, [&](Record& record) {
        record.split = split.empty() ? splitOf(record.id, workspace.config.validationShare) : split;
        record.splitGiven = record.splitEdited = !split.empty();
    });
}

void setExcluded(const Workspace& workspace, const std::vector<std::string>& ids, const std::string& reason)
{
    if (!isUtf8(reason))
        throw DataError("the reason for excluding records is not UTF-8 text");
    editRecords(workspace, ids, [text = tidyCaption(reason)](Record& record) {
        record.excluded = text;
        record.exclusionEdited = true;
    });
}

void setTags(const Workspace& workspace, const std::vector<std::string>& ids, const std::vector<std::string>& tags)
{
    editRecords(workspace, ids, [tidy = tidyTags(tags)](Record& record) {
        record.tags = tidy;
        record.tagsEdited = true;
    });
}

std::vector<EditableFields> editableFields(const Workspace& workspace, const std::vector<std::string>& ids)
{
    const auto catalog = Catalog::open(workspace);
    std::vector<EditableFields> fields;
    for (const auto& id : ids) {
        const auto record = catalog.find(id);
        if (!record)
            throw unknown(workspace, id);
        fields.push_back({.id = id,
                          .caption = record->caption,
                          .sourceCaption = record->sourceCaption,
                          .split = record->split,
                          .splitGiven = record->splitGiven,
                          .splitEdited = record->splitEdited,
                          .tags = record->tags,
                          .tagsEdited = record->tagsEdited,
                          .excluded = record->excluded,
                          .exclusionEdited = record->exclusionEdited});
    }
    return fields;
}

void changeFields(const Workspace& workspace, const std::vector<EditableFields>& from,
                  const std::vector<EditableFields>& to)
{
    std::vector<std::string> ids;
    for (const auto& fields : to)
        ids.push_back(fields.id);
    std::size_t i = 0;
    editRecords(workspace, ids, [&](Record& record) {
        const auto &before = from.at(i), &after = to.at(i);
        ++i;
        if (before.caption != after.caption) {
            record.caption = after.caption;
            record.sourceCaption = after.sourceCaption;
        }
        if (before.split != after.split || before.splitGiven != after.splitGiven ||
            before.splitEdited != after.splitEdited) {
            record.split = after.split;
            record.splitGiven = after.splitGiven;
            record.splitEdited = after.splitEdited;
        }
        if (before.tags != after.tags || before.tagsEdited != after.tagsEdited) {
            record.tags = after.tags;
            record.tagsEdited = after.tagsEdited;
        }
        if (before.excluded != after.excluded || before.exclusionEdited != after.exclusionEdited) {
            record.excluded = after.excluded;
            record.exclusionEdited = after.exclusionEdited;
        }
    });
}

void changeTags(const Workspace& workspace, const std::vector<std::string>& ids, const std::vector<std::string>& added,
                const std::vector<std::string>& removed)
{
    const auto gone = tidyTags(removed);
    const auto come = tidyTags(added);
    editRecords(workspace, ids, [&](Record& record) {
        std::set<std::string> tags(record.tags.begin(), record.tags.end());
        for (const auto& tag : gone)
            tags.erase(tag);
        tags.insert(come.begin(), come.end());
        std::vector<std::string> changed(tags.begin(), tags.end());
        record.tagsEdited = record.tagsEdited || changed != record.tags;
        record.tags = std::move(changed);
    });
}

} // namespace nanodit
