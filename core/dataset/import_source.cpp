#include "core/dataset/import_source.h"

#include "core/dataset/folder_names.h"
#include "core/dataset/folder_walk.h"
#include "core/dataset/record.h"
#include "core/dataset/side_files.h"
#include "core/dataset/tar_source.h"
#include "core/io/atomic_file.h"
#include "core/io/file_kind.h"
#include "core/io/foreign_text.h"
#include "core/io/image.h"
#include "core/io/lower_case.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <unordered_set>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr auto recordsFile = "records.jsonl";

bool isLines(const fs::path& file)
{
    const auto ending = lowerCased(file.extension().native());
    return ending == ".jsonl" || ending == ".ndjson";
}

/// The list that says what a folder's records are, in capitals or not; empty without one.
fs::path recordsIn(const fs::path& top)
{
    const auto file = FolderNames().meantBy(top / recordsFile);
    std::error_code ignored; // a link that leads to itself is no file
    return fs::is_regular_file(file, ignored) ? file : fs::path();
}

/// What a workspace holds beside its pictures, for those who import the folder that they made one in.
std::vector<fs::path> ownFolders(const Workspace& workspace)
{
    std::vector<fs::path> folders = {workspace.derivedFolder(), workspace.shardsFolder(), workspace.runsFolder()};
    for (const auto* const name : {"samples", "comparisons", "experiments", "cache"})
        folders.push_back(workspace.root / name);
    const auto& config = workspace.config;
    for (const auto& encoder : {config.dinoEncoder, config.t5Encoder, config.vae, config.lpips}) {
        if (!encoder.empty())
            folders.push_back(workspace.path(encoder));
    }
    return folders;
}

bool wasPaintedHere(const fs::path& image)
{
    try {
        return lowerCased(image.extension().native()) == ".png" && readPngText(image).contains(settingsKeyword);
    } catch (const DataError&) { // whoever decodes it says what is wrong with it
        return false;
    }
}

/// The command line paints where it is started, which may be the workspace, and that the folder of the pictures.
void passByPaintedHere(const Workspace& workspace, ImportListing& listing)
{
    std::erase_if(listing.entries, [&](const ImportEntry& entry) {
        if (entry.image.parent_path() != workspace.root || !wasPaintedHere(entry.image))
            return false;
        listing.passedBy.add("pictures that this program generated", entry.image.string(),
                             "import them from a folder of their own to train on them");
        return true;
    });
}

/// "set" of "set.tar" and of "set.tar.gz".
fs::path withoutTarEnding(const fs::path& tar)
{
    const auto stem = tar.stem();
    return isTarName(stem) ? stem.stem() : stem;
}

/// Unpacks a tar and lists what came out of it. False when stopped.
bool listTar(const fs::path& tar, const fs::path& relative, TarSource& source, const JobContext& context,
             ImportListing& listing)
{
    auto unpacked = source.unpack(tar, relative, context);
    if (!unpacked)
        return false;
    std::ranges::move(unpacked->rejects, std::back_inserter(listing.rejects));
    listing.passedBy.add(unpacked->passedBy);
    FolderContents inside;
    if (!unpacked->folder.empty() && !walkFolder(unpacked->folder, {}, context, inside))
        return false;
    for (const auto& [kind, what] : inside.listing.passedBy.kinds()) { // of the others the unpacking told
        if (kind == lossMaskKind || kind == otherMaskKind || kind == mapKind)
            listing.passedBy.add(kind, tar.string() + ": " + what.example, what.advice, what.count);
    }
    for (auto& entry : inside.listing.entries) {
        entry.where = tar.string() + ": " + entry.relative.string();
        entry.relative = relative.parent_path() / withoutTarEnding(relative) / entry.relative;
        listing.entries.push_back(std::move(entry));
    }
    return true;
}

/// Of the pictures that were walked past, those that a tar gives, which an earlier import unpacked below the folder.
void dropUnpacked(std::vector<ImportEntry>& entries, std::ptrdiff_t walked)
{
    std::unordered_set<std::string> unpacked;
    for (auto entry = entries.begin() + walked; entry != entries.end(); ++entry)
        unpacked.insert(entry->image.native());
    if (unpacked.empty())
        return;
    const auto end = std::remove_if(entries.begin(), entries.begin() + walked,
                                    [&](const ImportEntry& entry) { return unpacked.contains(entry.image.native()); });
    entries.erase(end, entries.begin() + walked);
}

/// The split that the first folder of a picture's path is named after; empty for other names.
std::string folderSplitOf(const fs::path& relative)
{
    if (relative.empty() || std::next(relative.begin()) == relative.end())
        return {};
    auto split = splitNamed(relative.begin()->native());
    return split == "train" || split == "val" || split == "test" ? split : std::string();
}

/// As Hugging Face's imagefolder has it: folders (or tars) named train and val or test at the top are splits. One of
/// them alone may mean anything. Without val, pictures of train are divided as others are, so that there are some to
/// validate on.
void takeSplitsOfFolders(ImportListing& listing)
{
    std::set<std::string> splits;
    for (auto& entry : listing.entries) {
        entry.folderSplit = folderSplitOf(entry.relative);
        splits.insert(entry.folderSplit);
    }
    splits.erase("");
    const bool any = splits.size() > 1 && splits.contains("train");
    for (auto& entry : listing.entries) {
        if (!any || (entry.folderSplit == "train" && !splits.contains("val")))
            entry.folderSplit.clear();
    }
}

bool listFolder(const fs::path& top, const Workspace& workspace, const JobContext& context, ImportListing& listing)
{
    FolderContents found;
    if (!walkFolder(top, ownFolders(workspace), context, found))
        return false;
    listing = std::move(found.listing);
    passByPaintedHere(workspace, listing);
    const auto walked = static_cast<std::ptrdiff_t>(listing.entries.size());
    std::optional<TarSource> source;
    for (const auto& tar : found.tars) {
        if (!source)
            source.emplace(workspace);
        if (!listTar(tar, tar.lexically_relative(top), *source, context, listing))
            return false;
    }
    dropUnpacked(listing.entries, walked);
    takeSplitsOfFolders(listing);
    return true;
}

/// What lies in a folder whose records.jsonl does not name it.
bool countUnnamed(const fs::path& top, const Workspace& workspace, const JobContext& context, ImportListing& listing)
{
    FolderContents found;
    if (!walkFolder(top, ownFolders(workspace), context, found))
        return false;
    std::set<fs::path> named;
    for (const auto& entry : listing.entries)
        named.insert(entry.image);
    for (const auto& entry : found.listing.entries) {
        if (!named.contains(entry.image))
            listing.passedBy.add("pictures that records.jsonl does not name", entry.image.string(),
                                 "add a line for each, or import their folder by its own path");
    }
    for (const auto& tar : found.tars)
        listing.passedBy.add("tars beside records.jsonl", tar.string(), "import them by their own path");
    return true;
}

/// UTF-16, and lines that end with a carriage return alone, are converted as a whole; empty for other files, which are
/// read line by line.
std::optional<std::string> convertedWhole(const fs::path& file)
{
    std::ifstream stream(file, std::ios::binary);
    std::string head(4, '\0');
    stream.read(head.data(), 4);
    if (stream.gcount() == 4 && head.find('\0') != std::string::npos)
        return utf8FromFile(readTextFile(file));
    stream.clear();
    stream.seekg(0);
    std::string line;
    std::getline(stream, line);
    if (!stream.eof() || line.find('\r') == std::string::npos)
        return std::nullopt;
    return withNewlines(std::move(line));
}

bool readLines(const fs::path& file, const Workspace& workspace, const JobContext& context, ImportListing& listing)
{
    std::ifstream stream(file);
    if (!stream)
        throw DataError(file.string() + " could not be opened for reading: check that it exists and may be read");
    std::string head(4096, '\0');
    stream.read(head.data(), static_cast<std::streamsize>(head.size()));
    head.resize(static_cast<std::size_t>(stream.gcount()));
    stream.clear();
    stream.seekg(0);
    if (const auto fault = standInFault(file, head, "a list of records"); !fault.empty())
        throw DataError(fault);
    std::istringstream converted;
    if (auto text = convertedWhole(file))
        converted.str(*std::move(text));
    std::istream& lines = converted.str().empty() ? static_cast<std::istream&>(stream) : converted;
    FolderNames names;
    std::string line;
    bool first = true;
    for (std::int64_t number = 1; std::getline(lines, line); ++number) {
        if (number % 1000 == 0 && context.shouldStop())
            return false;
        if (number == 1 && line.starts_with("\xEF\xBB\xBF"))
            line.erase(0, 3);
        if (line.find_first_not_of(" \t\r") == std::string::npos)
            continue;
        const auto where = file.string() + " line " + std::to_string(number);
        if (const auto fault = std::exchange(first, false) ? spreadJsonFault(line) : std::string(); !fault.empty()) {
            listing.rejects.push_back({where, where + " " + fault});
            break;
        }
        try {
            listing.entries.push_back(entryFromJsonLine(line, where, file.parent_path(), workspace, names));
        } catch (const DataError& error) {
            listing.rejects.push_back({where, error.what()});
        }
    }
    if (stream.bad())
        throw DataError(file.string() + " could not be read to its end: check its disk");
    return true;
}

bool isLetterOrDigit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/// The path that a line names, which may have been written on another system, and where the picture lies: in the first
/// of `bases` that has it, else in the first. Throws DataError for what is no path at all.
fs::path pathNamed(const std::string& name, const std::string& where, const std::array<fs::path, 3>& bases,
                   FolderNames& names, fs::path& image)
{
    constexpr std::size_t longestPath = 4096, longestName = 255; // Linux
    if (const auto scheme = name.find("://"); scheme != std::string::npos && scheme > 0 && scheme < 12 &&
                                              std::ranges::all_of(name.substr(0, scheme), isLetterOrDigit))
        throw DataError(where + " names a picture by an address, " + printableText(name.substr(0, 80)) +
                        ": download it if it is elsewhere, and name the file by its path");
    if (name.starts_with("~/"))
        throw DataError(where + " names " + name.substr(0, 80) + ", in which ~ is not expanded: write the full path");
    if (name.size() > 2 && isLetterOrDigit(name[0]) && name[1] == ':' && (name[2] == '\\' || name[2] == '/'))
        throw DataError(where + " names a path of Windows, " + name.substr(0, 80) +
                        ": write where the picture is on this machine, best relative to this file");
    if (name.starts_with("data:"))
        throw DataError(where + " holds a picture itself (data:...): save it as a file, and name that");
    auto slashed = name;
    std::ranges::replace(slashed, '\\', '/');
    const auto spellings = slashed == name ? std::vector{name} : std::vector{name, slashed};
    for (const auto& text : spellings) {
        const fs::path named = text;
        const bool tooLong = text.size() > longestPath || std::ranges::any_of(named, [](const fs::path& part) {
                                 return part.native().size() > longestName;
                             });
        if (tooLong)
            throw DataError(where + " names a picture by " + std::to_string(text.size()) +
                            " characters, which no file system takes: give the path of a file");
        for (const auto& base : bases) {
            std::error_code ignored; // loops of links among others: such a file is not there
            const auto candidate = (base / named).lexically_normal();
            if (image.empty())
                image = candidate;
            if (fs::exists(candidate, ignored)) {
                image = candidate;
                return named;
            }
        }
    }
    for (const auto& text : spellings) {
        for (const auto& base : bases) {
            if (auto meant = names.meantBy((base / text).lexically_normal()); !meant.empty()) {
                image = std::move(meant);
                return text;
            }
        }
    }
    return name;
}

/// "\"path\", \"caption\"", the first few.
std::string keysOf(const json& fields)
{
    constexpr std::size_t most = 6, longestKey = 40;
    std::string keys;
    std::size_t count = 0;
    for (const auto& [key, value] : fields.items()) {
        if (++count <= most)
            keys += (keys.empty() ? "\"" : ", \"") + key.substr(0, longestKey) + "\"";
    }
    return count > most ? keys + "..." : keys;
}

} // namespace

ImportEntry entryFromJsonLine(const std::string& line, const std::string& where, const fs::path& folder,
                              const Workspace& workspace, FolderNames& names)
{
    if (!isUtf8(line))
        throw DataError(where + " is not UTF-8 text: save it as UTF-8");
    auto [fields, fault] = parseForeignJson(line);
    if (!fault.empty())
        throw DataError(where + " " + jsonComplaint(fault, JsonText::Line));
    if (!fields.is_object())
        throw DataError(where + " holds a JSON " + fields.type_name() +
                        " where an object was expected, like {\"image\": \"a.png\", \"caption\": \"...\"}");
    nameFields(fields);
    ImportEntry entry;
    entry.where = where;
    entry.id = takeText(fields, "id", where);
    auto name = takeText(fields, "image", where);
    if (name.empty())
        name = takeText(fields, "file_name", where);
    if (name.empty())
        throw DataError(where + " names no picture: add \"image\": \"path/of/picture.jpg\"" +
                        (fields.empty() ? "" : "; it has only " + printableText(keysOf(fields))));
    const fs::path named =
        pathNamed(name, where, {folder, workspace.root, workspace.imagesFolder()}, names, entry.image);
    entry.relative = named.is_absolute() ? named.filename() : named.lexically_normal();
    if (const auto found = fields.find("excluded"); found != fields.end()) {
        if (!found->is_string() && !found->is_null())
            throw DataError(where + " has a JSON " + found->type_name() +
                            " as \"excluded\", where a text was expected: write the reason in quotes, or \"\" to "
                            "include the picture");
        if (found->is_string())
            entry.excluded = tidyCaption(found->get<std::string>());
        fields.erase(found);
    }
    takeFields(std::move(fields), entry, WrongFields::Refused);
    return entry;
}

void requireImportSource(const fs::path& source)
{
    if (source.empty())
        throw DataError(
            "nothing was named that could be imported: name a folder of pictures, a records.jsonl or a tar");
    std::error_code error;
    const auto path = fs::absolute(source, error).lexically_normal();
    const auto status = fs::status(path, error);
    if (fs::is_directory(status) || (fs::is_regular_file(status) && (isLines(path) || isTarName(path))))
        return;
    if (!fs::is_regular_file(status))
        throw DataError(printableText(path.native()) +
                        (fs::exists(status) ? " is a pipe or a device" : " does not exist") +
                        ": name a folder of pictures, a records.jsonl or a tar");
    const auto kind = fileKindOf(path);
    if (kind == FileKind::Tar)
        return;
    const bool isArchive = kind >= FileKind::Gzip && kind <= FileKind::Rar;
    throw DataError(printableText(path.native()) + " is " + std::string(nameOf(kind)) +
                    ", and neither a folder of pictures nor a records.jsonl nor a WebDataset tar: " +
                    (isPictureKind(kind) ? "import the folder that contains it"
                     : isArchive         ? "unpack it, and import the folder that comes out"
                                         : "name one of these"));
}

std::optional<ImportListing> listSource(const fs::path& source, const Workspace& workspace, const JobContext& context)
{
    requireImportSource(source);
    const auto path = fs::absolute(source).lexically_normal();
    ImportListing listing;
    bool whole = true;
    std::error_code ignored; // a link that leads to itself is no file
    if (fs::is_directory(path, ignored)) {
        const auto top = path.has_filename() ? path : path.parent_path();
        const auto records = recordsIn(top);
        whole = records.empty()
                    ? listFolder(top, workspace, context, listing)
                    : readLines(records, workspace, context, listing) && countUnnamed(top, workspace, context, listing);
    } else if (isLines(path)) {
        whole = readLines(path, workspace, context, listing);
    } else {
        TarSource tars(workspace);
        whole = listTar(path, path.filename(), tars, context, listing);
    }
    if (!whole)
        return std::nullopt;
    return listing;
}

} // namespace nanodit
