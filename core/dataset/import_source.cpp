#include "core/dataset/import_source.h"

#include "core/dataset/record.h"
#include "core/dataset/tar_source.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/io/json_fault.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr auto recordsFile = "records.jsonl";

/// Removes a text field from `fields` and returns it; numbers count as text. Null and absent give "".
std::string takeText(json& fields, const char* key, const std::string& where)
{
    const auto found = fields.find(key);
    if (found == fields.end())
        return {};
    const json value = *found;
    fields.erase(found);
    if (value.is_null())
        return {};
    if (value.is_number_integer())
        return value.dump();
    if (!value.is_string())
        throw DataError(where + ": \"" + key + "\" is " + value.type_name() + " instead of a text: write it in quotes");
    return value.get<std::string>();
}

json parseObject(const std::string& text, const std::string& where)
{
    if (!isUtf8(text))
        throw DataError(where + " is not UTF-8 text: save it as UTF-8");
    json fields;
    try {
        fields = json::parse(text);
    } catch (const json::exception& error) {
        throw DataError(where + " is no JSON (" + jsonFault(error) + ")");
    }
    if (!fields.is_object())
        throw DataError(where + " holds " + fields.type_name() +
                        " instead of a JSON object like {\"caption\": \"...\"}");
    return fields;
}

/// A list of texts, or one text with commas between.
std::vector<std::string> takeTags(json& fields, const std::string& where)
{
    const auto found = fields.find("tags");
    if (found == fields.end())
        return {};
    const json value = *found;
    fields.erase(found);
    std::vector<std::string> tags;
    if (value.is_string()) {
        std::istringstream text(value.get<std::string>());
        for (std::string tag; std::getline(text, tag, ',');)
            tags.push_back(tag);
    } else if (value.is_array() && std::ranges::all_of(value, [](const json& tag) { return tag.is_string(); })) {
        tags = value.get<std::vector<std::string>>();
    } else if (!value.is_null()) {
        throw DataError(where + ": \"tags\" is " + value.dump() +
                        " instead of a list of texts: write [\"night\", \"city\"]");
    }
    return tidyTags(tags);
}

/// What a records line and a JSON sidecar have in common.
void takeFields(json fields, ImportEntry& entry)
{
    for (const auto* const key : {"caption", "text", "prompt"}) {
        if (fields.contains(key)) {
            entry.caption = tidyCaption(takeText(fields, key, entry.where));
            break;
        }
    }
    entry.split = takeText(fields, "split", entry.where);
    if (!entry.split.empty() && !isSafeId(entry.split))
        throw DataError(entry.where + ": the split \"" + entry.split +
                        "\" would name a folder: use letters, digits, '-' and '_', for example train or val");
    if (const auto bucket = takeText(fields, "aspect_bucket", entry.where); !bucket.empty()) {
        try {
            entry.bucket = bucketFromName(bucket);
        } catch (const ConfigError& error) {
            throw DataError(entry.where + ": " + error.what());
        }
    }
    entry.tags = takeTags(fields, entry.where);
    entry.extra = fields.dump();
}

/// What a walk passes by: hidden folders, and those that hold what this program makes.
struct Walk {
    const fs::path& top;
    std::vector<fs::path> notInto;
};

/// Pictures and tars below a folder.
struct Found {
    ImportListing listing;
    std::vector<fs::path> tars;
};

/// Pictures below a folder. Unreadable folders are rejects; links to folders are not followed.
bool walk(const fs::path& folder, const Walk& how, const JobContext& context, Found& found)
{
    if (context.shouldStop())
        return false;
    std::error_code error;
    std::vector<fs::directory_entry> children;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
        children.push_back(*it);
    if (error) {
        found.listing.rejects.push_back({folder.string(), "the folder could not be read: " + error.message()});
        return true;
    }
    std::ranges::sort(children, {}, [](const fs::directory_entry& child) { return child.path(); });
    for (const auto& child : children) {
        const auto& path = child.path();
        if (path.filename().native().starts_with('.'))
            continue;
        std::error_code ignored; // a link to nowhere is neither
        if (child.is_directory(ignored)) {
            if (child.is_symlink(ignored) || std::ranges::find(how.notInto, path) != how.notInto.end())
                continue;
            if (!walk(path, how, context, found))
                return false;
        } else if (isImageFile(path)) {
            auto& entry = found.listing.entries.emplace_back();
            entry.image = path;
            entry.relative = path.lexically_relative(how.top);
            entry.where = path.string();
        } else if (path.extension() == ".tar") {
            found.tars.push_back(path);
        }
    }
    return true;
}

/// Unpacks a tar and lists what came out of it. False when stopped.
bool listTar(const fs::path& tar, const fs::path& relative, TarSource& source, const JobContext& context,
             ImportListing& listing)
{
    auto unpacked = source.unpack(tar, relative, context);
    if (!unpacked)
        return false;
    std::ranges::move(unpacked->rejects, std::back_inserter(listing.rejects));
    Found inside;
    if (!unpacked->folder.empty() && !walk(unpacked->folder, {.top = unpacked->folder, .notInto = {}}, context, inside))
        return false;
    for (auto& entry : inside.listing.entries) {
        entry.where = tar.string() + ": " + entry.relative.string();
        entry.relative = relative.parent_path() / relative.stem() / entry.relative;
        listing.entries.push_back(std::move(entry));
    }
    return true;
}

bool listFolder(const fs::path& top, const Workspace& workspace, const JobContext& context, ImportListing& listing)
{
    Found found;
    const Walk how{.top = top,
                   .notInto = {workspace.derivedFolder(), workspace.shardsFolder(), workspace.runsFolder()}};
    if (!walk(top, how, context, found))
        return false;
    listing = std::move(found.listing);
    listing.sidecars = true;
    if (found.tars.empty())
        return true;
    TarSource source(workspace);
    return std::ranges::all_of(found.tars, [&](const fs::path& tar) {
        return listTar(tar, tar.lexically_relative(top), source, context, listing);
    });
}

bool readLines(const fs::path& file, const Workspace& workspace, const JobContext& context, ImportListing& listing)
{
    std::ifstream stream(file);
    if (!stream)
        throw DataError(file.string() + " could not be opened for reading: check that it exists and may be read");
    std::string line;
    for (std::int64_t number = 1; std::getline(stream, line); ++number) {
        if (number % 1000 == 0 && context.shouldStop())
            return false;
        if (line.find_first_not_of(" \t\r") == std::string::npos)
            continue;
        const auto where = file.string() + " line " + std::to_string(number);
        try {
            listing.entries.push_back(entryFromJsonLine(line, where, file.parent_path(), workspace));
        } catch (const DataError& error) {
            listing.rejects.push_back({where, error.what()});
        }
    }
    if (stream.bad())
        throw DataError(file.string() + " could not be read to its end: check the disk it lies on");
    return true;
}

} // namespace

ImportEntry entryFromJsonLine(const std::string& line, const std::string& where, const fs::path& folder,
                              const Workspace& workspace)
{
    auto fields = parseObject(line, where);
    ImportEntry entry;
    entry.where = where;
    entry.id = takeText(fields, "id", where);
    const char* const imageKey = fields.contains("image") ? "image" : "file_name";
    const fs::path named = takeText(fields, imageKey, where);
    if (named.empty())
        throw DataError(where + " names no picture: add \"image\": \"path/of/picture.jpg\"");
    for (const auto& base : {folder, workspace.root, workspace.imagesFolder()}) {
        const auto candidate = fs::absolute(base / named).lexically_normal();
        if (entry.image.empty() || (!fs::exists(entry.image) && fs::exists(candidate)))
            entry.image = candidate;
    }
    entry.relative = named.is_absolute() ? named.filename() : named.lexically_normal();
    takeFields(std::move(fields), entry);
    return entry;
}

void readSidecar(ImportEntry& entry)
{
    const auto beside = [&](const char* ending) -> fs::path {
        const auto replaced = fs::path(entry.image).replace_extension(ending);
        if (fs::is_regular_file(replaced))
            return replaced;
        const fs::path appended = entry.image.string() + ending;
        return fs::is_regular_file(appended) ? appended : fs::path();
    };
    if (const auto file = beside(".json"); !file.empty()) {
        auto fields = parseObject(readTextFile(file), file.string());
        fields.erase("image");
        takeFields(std::move(fields), entry);
    }
    if (const auto file = beside(".txt"); !file.empty()) {
        const auto text = readTextFile(file);
        if (!isUtf8(text))
            throw DataError(file.string() + " is not UTF-8 text: save it as UTF-8");
        entry.caption = tidyCaption(text);
    }
}

void requireImportSource(const fs::path& source)
{
    const auto path = fs::absolute(source).lexically_normal();
    const auto ending = path.extension();
    if (fs::is_directory(path) || (fs::is_regular_file(path) && (ending == ".jsonl" || ending == ".tar")))
        return;
    if (fs::is_regular_file(path))
        throw DataError(path.string() +
                        " is neither a folder of pictures nor a records.jsonl nor a WebDataset tar: name one of these");
    throw DataError(path.string() + " does not exist: name a folder of pictures, a records.jsonl or a tar");
}

std::optional<ImportListing> listSource(const fs::path& source, const Workspace& workspace, const JobContext& context)
{
    requireImportSource(source);
    const auto path = fs::absolute(source).lexically_normal();
    ImportListing listing;
    bool whole = true;
    if (fs::is_directory(path)) {
        const auto top = path.has_filename() ? path : path.parent_path();
        whole = fs::is_regular_file(top / recordsFile) ? readLines(top / recordsFile, workspace, context, listing)
                                                       : listFolder(top, workspace, context, listing);
    } else if (path.extension() == ".jsonl") {
        whole = readLines(path, workspace, context, listing);
    } else {
        listing.sidecars = true;
        TarSource tars(workspace);
        whole = listTar(path, path.filename(), tars, context, listing);
    }
    if (!whole)
        return std::nullopt;
    return listing;
}

} // namespace nanodit
