#include "core/dataset/folder_walk.h"

#include "core/dataset/loss_mask.h"
#include "core/dataset/metadata_table.h"
#include "core/dataset/side_files.h"
#include "core/io/comparable_name.h"
#include "core/io/file_kind.h"
#include "core/io/image.h"
#include "core/io/lower_case.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

using namespace std::string_view_literals;

std::string nameWithoutArticle(FileKind kind)
{
    const auto name = nameOf(kind);
    return std::string(name.substr(name.find(' ') + 1));
}

/// Passes a file by that is neither picture nor tar nor side file; `besidePicture`: a picture has its name.
void passBy(const fs::path& file, bool besidePicture, PassedBy& passedBy)
{
    if (std::error_code ignored; !fs::is_regular_file(file, ignored)) {
        passedBy.add("broken links, pipes and devices", file.string(),
                     "put the files themselves there if they are captions or tables");
        return;
    }
    const auto name = lowerCased(file.filename().native());
    if (name == "thumbs.db" || name == "ehthumbs.db" || name == "picasa.ini" || name == "desktop.ini" ||
        name == "readme.md" || name == "license") {
        passedBy.add("files of systems and tools", file.string());
        return;
    }
    if (name == "records.jsonl") {
        passedBy.add("records.jsonl files below the top", file.string(),
                     "each describes only its own folder: import those folders by their own paths");
        return;
    }
    if (isUnfinishedDownload(file)) {
        passedBy.add("unfinished downloads", file.string(), "let them finish, or delete them");
        return;
    }
    const auto ending = lowerCased(file.extension().native());
    const auto kind = ending.empty() ? std::string("files without an ending")
                                     : endingKind(std::string_view(ending).substr(1)) + " files";
    const auto what = fileKindOf(file);
    std::string advice;
    if (isPictureKind(what))
        advice = "they hold " + nameWithoutArticle(what) + "s: " +
                 (what <= FileKind::Jpeg2000 ? "give them the ending of their format" : "convert them to PNG or JPEG");
    else if (what == FileKind::Tar || (what >= FileKind::Gzip && what <= FileKind::Rar))
        advice = "unpack them to import what is inside";
    else if (ending == ".jsonl" || ending == ".ndjson")
        advice = "a list of records is imported by its own path, and a table of captions is read as metadata.jsonl";
    else if (ending == ".parquet" || ending == ".arrow")
        advice = "pictures in tables are not read: save them as files, and their captions as metadata.csv or "
                 "metadata.jsonl, which name each picture by file_name";
    else if (lowerCased(file.stem().native()) == "metadata" || ending == ".csv" || ending == ".tsv")
        advice = "a table of captions is read as metadata.csv or metadata.jsonl, which name each picture by file_name";
    else if (what == FileKind::Text && besidePicture)
        advice = "they are texts beside pictures: if they are captions, name them NAME.txt";
    passedBy.add(kind, file.string(), advice);
}

/// What stands before one of the endings, of which capitals do not matter; empty without one.
std::string stemBefore(const std::string& stem, std::span<const std::string_view> endings)
{
    const auto name = lowerCased(stem);
    for (const auto ending : endings) {
        if (name.size() > ending.size() && name.ends_with(ending))
            return stem.substr(0, stem.size() - ending.size());
    }
    return {};
}

class FolderWalk {
public:
    FolderWalk(const fs::path& top, const std::vector<fs::path>& notInto, const JobContext& context,
               FolderContents& found)
        : top_(top)
        , notInto_(notInto)
        , context_(context)
        , found_(found)
    {
    }

    bool into(const fs::path& folder)
    {
        if (context_.shouldStop())
            return false;
        std::error_code error;
        std::vector<fs::directory_entry> children;
        for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
            children.push_back(*it);
        if (error) {
            found_.listing.rejects.push_back({folder.string(), "the folder could not be read: " + error.message()});
            return true;
        }
        std::ranges::sort(children, {}, [](const fs::directory_entry& child) { return child.path(); });
        // In the order of names: a folder's pictures stand where it does between others.
        const auto beside = sideFilesOf(children);
        const auto* const madeOfOthers = folder == top_ ? nullptr : kindMadeIn(folder);
        const Folder here{.names = pictureNamesOf(children),
                          .madeOfOthers = madeOfOthers,
                          .others = madeOfOthers == nullptr ? Names() : namesAround(folder),
                          .lossMasks = lossMasksOf(children)};
        std::set<fs::path> used;
        std::vector<fs::path> metadata;
        const auto firstEntry = found_.listing.entries.size();
        for (const auto& child : children) {
            if (!take(child, beside, here, used, metadata))
                return false;
        }
        takeByOtherSpelling(beside, std::span(found_.listing.entries).subspan(firstEntry), folder, used);
        for (const auto& [name, files] : beside) {
            for (const auto& file : files) {
                if (used.contains(file))
                    continue;
                passedBy().add(sideFileKind(file) == SideFile::Json ? ".json files without a picture"
                                                                    : "captions without a picture",
                               file.string(),
                               "their names must be those of the pictures; captions of many pictures are read from a "
                               "metadata.csv or metadata.jsonl");
            }
        }
        for (const auto& table : metadata)
            attachMetadata(table, std::span(found_.listing.entries).subspan(firstEntry), found_.listing);
        return true;
    }

private:
    /// As they are compared (comparable_name.h).
    using Names = std::set<std::string>;

    struct Folder {
        Names names;              ///< Of its pictures.
        const char* madeOfOthers; ///< How its pictures are counted if they are masks or maps; null for others.
        Names others;             ///< Of pictures elsewhere of which they then were made.
        std::set<fs::path> lossMasks;
    };

    /// By the name without ending: "cat" has cat.txt, "cat.jpg" cat.jpg.txt.
    using SideFiles = std::map<std::string, std::vector<fs::path>>;

    SideFiles sideFilesOf(const std::vector<fs::directory_entry>& children) const
    {
        SideFiles files;
        for (const auto& child : children) {
            const auto& path = child.path();
            std::error_code ignored;
            if (sideFileKind(path) != SideFile::None && !path.filename().native().starts_with('.') &&
                child.is_regular_file(ignored))
                files[path.stem().native()].push_back(path);
        }
        for (auto& [name, list] : files)
            std::ranges::stable_sort(list, {}, sideFileKind);
        return files;
    }

    /// Of the pictures in a folder, with and without ending.
    static Names pictureNamesOf(const std::vector<fs::directory_entry>& children)
    {
        Names names;
        for (const auto& child : children) {
            if (!isImageFile(child.path()))
                continue;
            names.insert(comparableName(child.path().stem().native()));
            names.insert(comparableName(child.path().filename().native()));
        }
        return names;
    }

    static std::set<fs::path> lossMasksOf(const std::vector<fs::directory_entry>& children)
    {
        LossMasks masks;
        std::set<fs::path> found;
        if (std::ranges::none_of(children, [](const fs::directory_entry& child) {
                return !lossMaskedStem(child.path().stem().native()).empty();
            }))
            return found;
        for (const auto& child : children) {
            if (isImageFile(child.path()))
                found.insert(masks.of(child.path()));
        }
        return found;
    }

    /// How pictures are counted in a folder of this name if they have the names of others; null where they are none.
    static const char* kindMadeIn(const fs::path& folder)
    {
        constexpr std::array masks = {"masks"sv, "_masks"sv, "masklabels"sv, "condlabels"sv};
        constexpr std::array maps = {"conditioning"sv, "conditioning_images"sv, "control_images"sv};
        const auto name = lowerCased(folder.filename().native());
        if (std::ranges::find(masks, name) != masks.end())
            return otherMaskKind;
        return std::ranges::find(maps, name) != maps.end() ? mapKind : nullptr;
    }

    /// The names of the pictures in the folder above and in those beside one.
    static Names namesAround(const fs::path& folder)
    {
        auto above = childrenOf(folder.parent_path());
        auto names = pictureNamesOf(above);
        for (const auto& sibling : above) {
            std::error_code ignored;
            if (sibling.is_directory(ignored) && !sibling.is_symlink(ignored) && sibling.path() != folder)
                names.merge(pictureNamesOf(childrenOf(sibling.path())));
        }
        return names;
    }

    static std::vector<fs::directory_entry> childrenOf(const fs::path& folder)
    {
        std::error_code error;
        std::vector<fs::directory_entry> children;
        for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
            children.push_back(*it);
        return children;
    }

    /// False when stopped.
    bool take(const fs::directory_entry& child, const SideFiles& beside, const Folder& here, std::set<fs::path>& used,
              std::vector<fs::path>& metadata)
    {
        const auto& path = child.path();
        const auto name = path.filename().native();
        std::error_code ignored; // a link to nowhere is neither
        const bool isFolder = child.is_directory(ignored);
        if (name.starts_with('.'))
            passedBy().add("hidden files and folders", path.string());
        else if (isFolder)
            return takeFolder(child);
        else if (isImageFile(path))
            takePicture(path, beside, here, used);
        else if (isTarName(path))
            found_.tars.push_back(path);
        else if (const auto table = lowerCased(name);
                 (table == "metadata.jsonl" || table == "metadata.csv") && child.is_regular_file(ignored))
            metadata.push_back(path);
        else if (sideFileKind(path) == SideFile::None || !child.is_regular_file(ignored))
            passBy(path, here.names.contains(comparableName(path.stem().native())), passedBy());
        return true;
    }

    bool takeFolder(const fs::directory_entry& child)
    {
        const auto& path = child.path();
        std::error_code ignored;
        if (child.is_symlink(ignored))
            passedBy().add("links to folders", path.string(), "import what they point to by its own path");
        else if (isToolFolder(path.filename().native()))
            passedBy().add("folders of systems and tools", path.string());
        else if (std::ranges::find(notInto_, path) != notInto_.end())
            passedBy().add("folders of this workspace's own files", path.string());
        else
            return into(path);
        return true;
    }

    /// How a picture is counted that is a mask or map of another one; null for others.
    static const char* kindMadeOfOther(const fs::path& path, const SideFiles& beside, const Folder& here)
    {
        const auto own = path.stem().native(), masked = maskedStem(own), mapped = mappedStem(own);
        const auto isAmong = [](const Names& names, const std::string& stem) {
            return !stem.empty() && names.contains(comparableName(stem));
        };
        if (isAmong(here.names, masked))
            return otherMaskKind;
        if (beside.contains(own) || beside.contains(path.filename().native()))
            return nullptr;
        if (isAmong(here.names, mapped))
            return mapKind;
        const bool ofOther = isAmong(here.others, own) || isAmong(here.others, masked) || isAmong(here.others, mapped);
        return ofOther ? here.madeOfOthers : nullptr;
    }

    void takePicture(const fs::path& path, const SideFiles& beside, const Folder& here, std::set<fs::path>& used)
    {
        if (const auto* const kind = kindMadeOfOther(path, beside, here); kind != nullptr) {
            if (here.lossMasks.contains(path))
                passedBy().add(lossMaskKind, path.string(), "they weight the loss of their pictures in training");
            else if (kind == mapKind)
                passedBy().add(mapKind, path.string(),
                               "nothing uses them; a map with a caption beside it becomes a record");
            else
                passedBy().add(otherMaskKind, path.string(),
                               "nothing uses them; NAME-mask.png would weight the loss of its picture");
            return;
        }
        auto& entry = found_.listing.entries.emplace_back();
        entry.image = path;
        entry.relative = path.lexically_relative(top_);
        entry.where = path.string();
        for (const auto& key : {path.stem().native(), path.filename().native()}) {
            if (const auto files = beside.find(key); files != beside.end()) {
                entry.sideFiles.insert(entry.sideFiles.end(), files->second.begin(), files->second.end());
                used.insert(files->second.begin(), files->second.end());
            }
        }
        std::ranges::stable_sort(entry.sideFiles, {}, sideFileKind);
    }

    /// What is left over belongs to the one picture whose name means the same elsewhere (comparable_name.h), if that
    /// has no side file.
    static void takeByOtherSpelling(const SideFiles& beside, std::span<ImportEntry> entries, const fs::path& folder,
                                    std::set<fs::path>& used)
    {
        std::multimap<std::string, ImportEntry*> bare;
        for (auto& entry : entries) {
            if (!entry.sideFiles.empty() || entry.image.parent_path() != folder)
                continue;
            bare.emplace(comparableName(entry.image.stem().native()), &entry);
            bare.emplace(comparableName(entry.image.filename().native()), &entry);
        }
        if (bare.empty())
            return;
        for (const auto& [name, files] : beside) {
            const auto [first, last] = bare.equal_range(comparableName(name));
            if (first == last || std::next(first) != last)
                continue;
            for (const auto& file : files) {
                if (used.insert(file).second)
                    first->second->sideFiles.push_back(file);
            }
            std::ranges::stable_sort(first->second->sideFiles, {}, sideFileKind);
        }
    }

    PassedBy& passedBy() { return found_.listing.passedBy; }

    const fs::path& top_;
    const std::vector<fs::path>& notInto_;
    const JobContext& context_;
    FolderContents& found_;
};

} // namespace

bool isToolFolder(const std::string& name)
{
    constexpr std::array folders = {"@eadir"sv,     "__macosx"sv,    "#recycle"sv,
                                    "@recycle"sv,   "@__thumb"sv,    "$recycle.bin"sv,
                                    "lost+found"sv, "__pycache__"sv, "system volume information"sv};
    return std::ranges::find(folders, lowerCased(name)) != folders.end();
}

bool isTarName(const fs::path& file)
{
    constexpr std::array endings = {".tar"sv, ".tar.gz"sv, ".tgz"sv, ".tar.bz2"sv, ".tbz2"sv,
                                    ".tbz"sv, ".tar.xz"sv, ".txz"sv, ".tar.zst"sv, ".tzst"sv};
    const auto name = lowerCased(file.filename().native());
    return std::ranges::any_of(endings, [&](std::string_view ending) { return name.ends_with(ending); });
}

std::string maskedStem(const std::string& stem)
{
    constexpr std::array endings = {"-masklabel"sv, "-condlabel"sv, "-mask"sv, "_mask"sv, ".mask"sv, "_conditioning"sv};
    return stemBefore(stem, endings);
}

std::string mappedStem(const std::string& stem)
{
    constexpr std::array endings = {"_depth"sv, "_canny"sv,    "_edges"sv,   "_lineart"sv,     "_scribble"sv,
                                    "_seg"sv,   "_openpose"sv, "_trimap"sv,  "_matte"sv,       "_alpha"sv,
                                    "_hed"sv,   "_softedge"sv, "_control"sv, "_segmentation"sv};
    return stemBefore(stem, endings);
}

bool walkFolder(const fs::path& top, const std::vector<fs::path>& notInto, const JobContext& context,
                FolderContents& found)
{
    return FolderWalk(top, notInto, context, found).into(top);
}

} // namespace nanodit
