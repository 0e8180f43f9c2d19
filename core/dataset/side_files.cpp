#include "core/dataset/side_files.h"

#include "core/dataset/record.h"
#include "core/io/atomic_file.h"
#include "core/io/file_kind.h"
#include "core/io/foreign_text.h"
#include "core/io/lower_case.h"
#include "core/io/size_text.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>
#include <iterator>
#include <optional>
#include <span>
#include <sstream>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// A value that says what a text says: a text or a whole number.
std::optional<std::string> textOf(const json& value)
{
    if (value.is_string())
        return value.get<std::string>();
    if (value.is_number_integer())
        return value.dump();
    return std::nullopt;
}

std::string shortened(const json& value)
{
    return shortenedText(dumpForeignJson(value), 60);
}

/// The caption of the first key that has one. Lists of texts (several captions of one picture) give their first, and
/// are kept as a field of their own.
std::string takeCaption(json& fields, ImportEntry& entry, const std::function<void(const std::string&)>& wrong)
{
    std::string wordless; // what is told of a list where nothing else gives a caption
    for (const std::string key : {"caption", "text", "prompt", "captions"}) {
        const auto found = fields.find(key);
        if (found == fields.end())
            continue;
        if (found->is_null()) {
            fields.erase(found);
            continue;
        }
        if (const auto text = textOf(*found)) {
            const auto caption = tidyCaption(*text);
            fields.erase(found);
            if (!caption.empty())
                return caption;
            continue;
        }
        if (found->is_array()) {
            for (const auto& one : *found) {
                const auto text = textOf(one);
                const auto caption = text ? tidyCaption(*text) : std::string();
                if (caption.empty())
                    continue;
                if (key != "captions" && !fields.contains(key + "s")) {
                    fields[key + "s"] = *found;
                    fields.erase(key);
                }
                return caption;
            }
            if (!found->empty() && wordless.empty())
                wordless = entry.where + ": \"" + key + "\" is " + shortened(*found) +
                           ", a list without a text: write the captions in it in quotes";
            continue;
        }
        if (key != "captions") // which may be anything of another program
            wrong(entry.where + ": \"" + key + "\" is " + shortened(*found) + " instead of a text: write it in quotes");
    }
    if (!wordless.empty())
        entry.notes.push_back(std::move(wordless));
    return {};
}

void takeTags(json& fields, ImportEntry& entry, const std::function<void(const std::string&)>& wrong)
{
    const auto found = fields.find("tags");
    if (found == fields.end())
        return;
    const json value = *found;
    fields.erase(found);
    std::vector<std::string> tags;
    if (value.is_string()) {
        std::istringstream text(value.get<std::string>());
        for (std::string tag; std::getline(text, tag, ',');)
            tags.push_back(tag);
    } else if (value.is_array() &&
               std::ranges::all_of(value, [](const json& tag) { return textOf(tag).has_value(); })) {
        for (const auto& tag : value)
            tags.push_back(*textOf(tag));
    } else if (!value.is_null()) {
        wrong(entry.where + ": \"tags\" is " + shortened(value) +
              " instead of a list of texts: write [\"night\", \"city\"]");
    }
    entry.tags = tidyTags(tags);
}

/// The file as UTF-8 text; empty where a note was made instead.
std::optional<std::string> contentOf(const fs::path& file, ImportEntry& entry)
{
    constexpr std::uintmax_t largest = 16'000'000; // bytes; it would lie in memory
    std::error_code failed;
    if (const auto size = fs::file_size(file, failed); !failed && size > largest) {
        entry.notes.push_back(file.string() + " has " + sizeText(static_cast<std::int64_t>(size)) +
                              ", too large for a text about one picture, and was left out");
        return std::nullopt;
    }
    try {
        const auto bytes = readTextFile(file);
        const auto expected = sideFileKind(file) == SideFile::Json ? "a JSON file" : "a caption";
        if (const auto fault = standInFault(file, bytes, expected); !fault.empty()) {
            entry.notes.push_back(fault);
            return std::nullopt;
        }
        auto text = utf8FromFile(bytes);
        if (!text)
            entry.notes.push_back(file.string() +
                                  " is not UTF-8 text, and was left out: save it as UTF-8 and import again");
        return text;
    } catch (const DataError& error) {
        entry.notes.emplace_back(error.what());
        return std::nullopt;
    }
}

/// The object in a JSON side file; empty where a note was made instead.
json objectIn(const fs::path& file, ImportEntry& entry)
{
    const auto note = [&](const std::string& what) {
        entry.notes.push_back(file.string() + " " + what + "; its fields were left out");
        return json::object();
    };
    const auto text = contentOf(file, entry);
    if (!text)
        return json::object();
    auto parsed = parseForeignJson(*text);
    if (!parsed.fault.empty())
        return note(jsonComplaint(parsed.fault, JsonText::File));
    if (!parsed.value.is_object())
        return note("holds a JSON " + std::string(parsed.value.type_name()) +
                    " where an object was expected, like {\"caption\": \"...\"}");
    return std::move(parsed.value);
}

/// Fields of another object that are not there yet, and a caption where there is none.
void takeMoreFields(json fields, ImportEntry& entry)
{
    ImportEntry more;
    more.where = entry.where;
    takeFields(std::move(fields), more, WrongFields::Noted);
    if (entry.caption.empty())
        entry.caption = more.caption;
    if (entry.split.empty())
        entry.split = more.split;
    if (!entry.bucket)
        entry.bucket = more.bucket;
    if (entry.tags.empty())
        entry.tags = more.tags;
    auto extra = json::parse(entry.extra);
    extra.update(json::parse(more.extra));
    entry.extra = dumpForeignJson(extra);
    std::ranges::move(more.notes, std::back_inserter(entry.notes));
}

} // namespace

SideFile sideFileKind(const fs::path& file)
{
    constexpr std::array endings = {".txt", ".caption", ".cap", ".tags", ".json"}; // as the enumeration
    const auto* const found = std::ranges::find(endings, lowerCased(file.extension().native()));
    return static_cast<SideFile>(found - endings.begin());
}

std::string standInFault(const fs::path& file, const std::string& bytes, std::string_view expected)
{
    const auto kind = fileKindOf(std::as_bytes(std::span(bytes.data(), bytes.size())));
    const bool pointer = kind == FileKind::GitLfsPointer || kind == FileKind::GitAnnexPointer;
    // Captions may begin as other kinds of files do ("BM...", "<body of water>"); what is no text cannot be one.
    const auto begin = lowerCased(bytes.substr(0, 64));
    const bool page = kind == FileKind::WebPage &&
                      (begin.find("<!doctype") != std::string::npos || begin.find("<html") != std::string::npos);
    const bool named = kind != FileKind::Unknown && kind != FileKind::Text && kind != FileKind::Json;
    if (pointer || page || kind == FileKind::Zeros || (named && !utf8FromFile(bytes)))
        return wrongKindMessage(file.string(), kind, expected);
    return {};
}

std::string spreadJsonFault(std::string_view firstLine)
{
    const auto begin = firstLine.find_first_not_of(" \t\r");
    const auto line = begin == std::string_view::npos
                          ? std::string_view()
                          : firstLine.substr(begin, firstLine.find_last_not_of(" \t\r") + 1 - begin);
    if (line.starts_with('[') && !line.starts_with("[]"))
        return "begins a JSON list, where one object a line is expected: write each object of the list on a line of "
               "its own";
    if (line == "{")
        return "begins a JSON object over several lines, where one object a line is expected: write each object on a "
               "line of its own";
    return {};
}

std::string splitNamed(std::string name)
{
    name = lowerCased(tidyCaption(std::move(name)));
    for (const auto* const other : {"validation", "valid", "dev", "eval", "evaluation"}) {
        if (name == other)
            return "val";
    }
    return name == "training" ? "train" : name;
}

std::string knownField(const std::string& typed)
{
    auto name = lowerCased(tidyCaption(typed));
    for (const auto* const known :
         {"file_name", "image", "caption", "captions", "text", "prompt", "split", "aspect_bucket", "tags"}) {
        if (name == known)
            return name;
    }
    return {};
}

void nameFields(json& fields)
{
    std::vector<std::pair<std::string, std::string>> renamed;
    for (const auto& [key, value] : fields.items()) {
        auto name = knownField(key);
        if (!name.empty() && !fields.contains(name) && (textOf(value) || value.is_array()))
            renamed.emplace_back(key, std::move(name));
    }
    for (const auto& [key, name] : renamed) {
        if (fields.contains(name)) // by another spelling of it
            continue;
        json value = std::move(fields[key]);
        fields.erase(key);
        fields[name] = std::move(value);
    }
}

std::string takeText(json& fields, const char* key, const std::string& where)
{
    const auto found = fields.find(key);
    if (found == fields.end())
        return {};
    const json value = *found;
    fields.erase(found);
    if (value.is_null())
        return {};
    const auto text = textOf(value);
    if (!text)
        throw DataError(where + ": \"" + key + "\" is " + shortened(value) + " instead of a text: write it in quotes");
    return *text;
}

void takeFields(json fields, ImportEntry& entry, WrongFields wrong)
{
    const std::function<void(const std::string&)> complain = [&](const std::string& sentence) {
        if (wrong == WrongFields::Refused)
            throw DataError(sentence);
        entry.notes.push_back(sentence);
    };
    const auto textNamed = [&](const char* key) {
        try {
            return takeText(fields, key, entry.where);
        } catch (const DataError& error) {
            complain(error.what());
            return std::string();
        }
    };
    nameFields(fields);
    entry.caption = takeCaption(fields, entry, complain);
    entry.split = splitNamed(textNamed("split"));
    if (!entry.split.empty() && !isSafeId(entry.split)) {
        complain(entry.where + ": the split " + shortened(entry.split) +
                 " would name a folder: use at most 80 letters, digits, '-' and '_', for example train or val");
        entry.split.clear();
    }
    if (const auto bucket = textNamed("aspect_bucket"); !bucket.empty()) {
        try {
            entry.bucket = bucketFromName(bucket);
        } catch (const ConfigError& error) {
            complain(entry.where + ": " + error.what());
        }
    }
    takeTags(fields, entry, complain);
    entry.extra = dumpForeignJson(fields);
}

void readSideFiles(ImportEntry& entry, const WorkspaceConfig& config)
{
    if (!entry.metadata.empty())
        takeMoreFields(json::parse(entry.metadata), entry);
    std::string caption, tagList;
    for (const auto& file : entry.sideFiles) {
        switch (sideFileKind(file)) {
        case SideFile::Text:
        case SideFile::Caption:
        case SideFile::Cap:
            if (caption.empty())
                caption = tidyCaption(contentOf(file, entry).value_or(""));
            break;
        case SideFile::Tags: { // some programs write one a line, others separate them by commas
            std::istringstream lines(contentOf(file, entry).value_or(""));
            for (std::string line; std::getline(lines, line);) {
                if (const auto tags = tidyCaption(line); !tags.empty())
                    tagList += (tagList.empty() ? "" : ", ") + tags;
            }
            break;
        }
        case SideFile::Json: {
            auto fields = objectIn(file, entry);
            nameFields(fields);
            fields.erase("image");
            fields.erase("file_name");
            takeMoreFields(std::move(fields), entry);
            break;
        }
        case SideFile::None:
            break;
        }
    }
    if (!tagList.empty()) {
        std::istringstream list(tagList);
        auto tags = entry.tags;
        for (std::string tag; std::getline(list, tag, ',');)
            tags.push_back(tag);
        entry.tags = tidyTags(tags);
    }
    if (!caption.empty())
        entry.caption = caption;
    if (entry.caption.empty())
        entry.caption = tagList;
    if (entry.bucket && std::ranges::find(config.buckets, *entry.bucket) == config.buckets.end()) {
        entry.notes.push_back(entry.where + ": the bucket " + bucketName(*entry.bucket) +
                              " is not in this workspace, so the nearest one was taken; add it to \"buckets\" in "
                              "workspace.yaml to use it");
        entry.bucket.reset();
    }
}

} // namespace nanodit
