#include "core/dataset/catalog.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <set>

namespace nanodit {

namespace {

/// Applies `change` to each record as one, or throws with nothing changed.
void editRecords(const Workspace& workspace, const std::vector<std::string>& ids,
                 const std::function<void(Record&)>& change)
{
    auto catalog = Catalog::open(workspace);
    catalog.together([&] {
        for (const auto& id : ids) {
            auto record = catalog.find(id);
            if (!record)
                throw DataError("the workspace " + workspace.root.string() + " has no record \"" + id +
                                "\": list them with \"nanodit export\"");
            change(*record);
            catalog.put(*record);
        }
    });
}

std::vector<std::string> tidyTags(const std::vector<std::string>& tags)
{
    std::set<std::string> tidy;
    for (const auto& tag : tags) {
        if (!isUtf8(tag))
            throw DataError("the tag \"" + tag + "\" is not UTF-8 text");
        tidy.insert(tidyCaption(tag));
    }
    tidy.erase("");
    return {tidy.begin(), tidy.end()};
}

} // namespace

void setCaption(const Workspace& workspace, const std::string& id, const std::string& caption)
{
    if (!isUtf8(caption))
        throw DataError("the new caption of " + id + " is not UTF-8 text");
    editRecords(workspace, {id}, [text = tidyCaption(caption)](Record& record) {
        if (!record.sourceCaption)
            record.sourceCaption = record.caption;
        record.caption = text;
        if (record.caption == record.sourceCaption)
            record.sourceCaption.reset();
    });
}

void setSplit(const Workspace& workspace, const std::vector<std::string>& ids, const std::string& split)
{
    if (!split.empty() && !isSafeId(split))
        throw DataError("the split \"" + split +
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
    editRecords(workspace, ids, [tidy = tidyTags(tags)](Record& record) { record.tags = tidy; });
}

} // namespace nanodit
