#include "core/dataset/caption_edits.h"

#include "core/dataset/caption_preview.h"
#include "core/dataset/catalog.h"
#include "core/dataset/record_edits.h"
#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// Edits that can be taken back, one file each, by number.
fs::path editsFolder(const Workspace& workspace)
{
    return workspace.root / "data" / "caption_edits";
}

std::vector<fs::path> keptEdits(const Workspace& workspace)
{
    std::vector<fs::path> files;
    std::error_code none;
    for (fs::directory_iterator it(editsFolder(workspace), none), end; !none && it != end; it.increment(none)) {
        if (it->path().extension() == ".json")
            files.push_back(it->path());
    }
    std::ranges::sort(files);
    return files;
}

fs::path nextEdit(const Workspace& workspace)
{
    const auto kept = keptEdits(workspace);
    std::int64_t last = 0;
    if (!kept.empty())
        std::istringstream(kept.back().stem().string()) >> last;
    const auto digits = std::to_string(last + 1);
    return editsFolder(workspace) / (std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits + ".json");
}

/// Every record that is not excluded, or those of these ids.
void forEachRecord(const Catalog& catalog, const std::vector<std::string>& ids, const auto& work)
{
    for (const auto& id : ids) {
        const auto record = catalog.find(id);
        if (!record)
            throw DataError("there is no record \"" + id + "\"", remedy::ListRecords{});
        work(*record);
    }
    if (!ids.empty())
        return;
    std::string last;
    for (auto page = catalog.records(last, recordsAtOnce); !page.empty(); page = catalog.records(last, recordsAtOnce)) {
        last = page.back().id;
        for (const auto& record : page) {
            if (record.excluded.empty())
                work(record);
        }
    }
}

/// A kept edit, as far as the records are still as it made them.
struct KeptEdit {
    std::vector<CaptionChange> changes;
    std::vector<EditableFields> now, then;
    bool takenBack = true; ///< Each caption of it is as it was before.
};

KeptEdit readKeptEdit(const fs::path& file, const Catalog& catalog)
{
    KeptEdit edit;
    try {
        for (const auto& one : json::parse(readTextFile(file))) {
            const auto id = one.at("id").get<std::string>();
            const auto before = one.at("before").get<std::string>();
            const auto record = catalog.find(id);
            edit.takenBack = edit.takenBack && record && record->caption == before;
            if (!record || record->caption != one.at("after").get<std::string>())
                continue; // gone, or changed again since
            edit.changes.push_back({id, record->caption, before});
            EditableFields fields;
            fields.id = id;
            fields.caption = record->caption;
            fields.sourceCaption = record->sourceCaption;
            edit.now.push_back(fields);
            fields.caption = before;
            fields.sourceCaption.reset();
            if (!one.at("source").is_null())
                fields.sourceCaption = one.at("source").get<std::string>();
            edit.then.push_back(std::move(fields));
        }
    } catch (const json::exception& fault) {
        throw DataError(file.string() + " is damaged (" + jsonFault(fault) +
                        "): delete it to continue with the edit before it");
    }
    return edit;
}

std::string wordsOfName(const std::string& name)
{
    std::string words;
    for (const char c : name)
        words += c == '_' || c == '-' || c == '.' ? ' ' : c;
    return tidyCaption(words);
}

void replaceAll(std::string& text, const std::string& find, const std::string& replacement)
{
    for (auto at = text.find(find); at != std::string::npos; at = text.find(find, at + replacement.size()))
        text.replace(at, find.size(), replacement);
}

} // namespace

std::string editedCaption(const CaptionEdit& edit, const std::string& caption, const std::string& pictureName)
{
    auto text = caption.empty() && edit.fromName ? wordsOfName(pictureName) : caption;
    if (!edit.find.empty())
        replaceAll(text, edit.find, edit.replacement);
    if (!text.empty() && !text.starts_with(edit.before))
        text.insert(0, edit.before);
    if (!text.empty() && !text.ends_with(edit.after))
        text += edit.after;
    return tidyCaption(text);
}

std::vector<CaptionChange> previewCaptionEdit(const Workspace& workspace, const std::vector<std::string>& ids,
                                              const CaptionEdit& edit)
{
    for (const auto& text : {edit.find, edit.replacement, edit.before, edit.after}) {
        if (!isUtf8(text))
            throw DataError("the text to edit captions with is not UTF-8");
    }
    std::vector<CaptionChange> changes;
    forEachRecord(Catalog::open(workspace), ids, [&](const Record& record) {
        auto after = editedCaption(edit, record.caption, record.image.stem().string());
        if (after != record.caption)
            changes.push_back({record.id, record.caption, std::move(after)});
    });
    return changes;
}

std::vector<CaptionChange> applyCaptionEdit(const Workspace& workspace, const std::vector<std::string>& ids,
                                            const CaptionEdit& edit)
{
    auto changes = previewCaptionEdit(workspace, ids, edit);
    if (changes.empty())
        return changes;
    std::vector<std::string> changed;
    for (const auto& change : changes)
        changed.push_back(change.id);
    const auto before = editableFields(workspace, changed);
    auto after = before;
    auto kept = json::array();
    for (std::size_t i = 0; i < changes.size(); ++i) {
        auto& fields = after[i];
        if (!fields.sourceCaption)
            fields.sourceCaption = fields.caption;
        fields.caption = changes[i].after;
        if (fields.caption == fields.sourceCaption)
            fields.sourceCaption.reset();
        kept.push_back({{"id", fields.id},
                        {"before", before[i].caption},
                        {"source", before[i].sourceCaption ? json(*before[i].sourceCaption) : json()},
                        {"after", fields.caption}});
    }
    // What can be taken back is known before anything is changed: an edit that then fails is taken back to no effect.
    std::error_code error;
    fs::create_directories(editsFolder(workspace), error);
    const auto file = nextEdit(workspace);
    writeFileAtomically(file, kept.dump());
    changeFields(workspace, before, after);
    return changes;
}

std::vector<CaptionChange> undoCaptionEdit(const Workspace& workspace)
{
    const auto catalog = Catalog::open(workspace);
    for (auto kept = keptEdits(workspace); !kept.empty(); kept.pop_back()) {
        const auto& file = kept.back();
        const auto edit = readKeptEdit(file, catalog);
        changeFields(workspace, edit.now, edit.then);
        std::error_code ignored;
        fs::remove(file, ignored);
        if (!edit.takenBack)
            return edit.changes;
    }
    throw DataError("no edit of captions is left to undo");
}

std::vector<std::pair<std::string, std::int64_t>> captionTagCounts(const Workspace& workspace)
{
    CaptionTags tags;
    forEachRecord(Catalog::open(workspace), {}, [&](const Record& record) { tags.add(record.caption); });
    return tags.sorted();
}

} // namespace nanodit
