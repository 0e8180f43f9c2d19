#include "core/dataset/tar_source.h"

#include "core/dataset/folder_walk.h"
#include "core/dataset/loss_mask.h"
#include "core/dataset/record.h"
#include "core/dataset/side_files.h"
#include "core/io/atomic_file.h"
#include "core/io/comparable_name.h"
#include "core/io/decompress.h"
#include "core/io/file_kind.h"
#include "core/io/foreign_text.h"
#include "core/io/image.h"
#include "core/io/lower_case.h"
#include "core/io/mapped_file.h"
#include "core/io/tar.h"
#include "core/io/utf8.h"
#include "core/io/write_failure.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <unistd.h>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// In the unpacked folder: which tar it came from, and what could not be taken.
constexpr auto noteName = ".tar.json";

/// Without syncing: the whole folder is, once.
void writePlainly(const fs::path& file, std::span<const std::byte> bytes)
{
    const auto fail = [&file](int code) {
        throw StoreError("cannot write " + file.string() + ": " + std::strerror(code) +
                         "; free some space or make its folder writable, and import again");
    };
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0)
        fail(errno);
    if (const int code = writeAll(descriptor, bytes.data(), bytes.size()); code != 0) {
        ::close(descriptor);
        fail(code);
    }
    if (::close(descriptor) != 0)
        fail(errno);
}

/// The tar as the note names it: relative to the workspace where it lies inside, so that the workspace can be moved.
std::string nameOf(const fs::path& tar, const Workspace& workspace)
{
    const auto relative = tar.lexically_relative(workspace.root);
    return !relative.empty() && *relative.begin() != ".." ? relative.generic_string() : tar.generic_string();
}

/// Of what is read from a tar and how; another number has a tar read again.
constexpr std::int64_t readerVersion = 9;

/// What an earlier import noted in a folder; empty when it is no such folder. Somebody else's file may have that name.
json noteIn(const fs::path& folder)
{
    std::error_code ignored;
    if (!fs::is_regular_file(folder / noteName, ignored))
        return json::object();
    try {
        auto note = parseForeignJson(readTextFile(folder / noteName)).value;
        return note.is_object() ? note : json::object();
    } catch (const DataError&) {
        return json::object();
    }
}

std::string textIn(const json& object, const char* key)
{
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::int64_t numberIn(const json& object, const char* key)
{
    const auto found = object.is_object() ? object.find(key) : object.end();
    return object.is_object() && found != object.end() && found->is_number_integer() ? found->get<std::int64_t>() : -1;
}

json listIn(const json& object, const char* key)
{
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? *found : json::array();
}

/// A member's name cut at its last dot, the ending in lower case.
struct NameParts {
    std::string stem, ending;
};
NameParts partsOf(const std::string& name)
{
    const auto dot = name.rfind('.');
    return {.stem = name.substr(0, dot), .ending = lowerCased(name.substr(dot + 1))};
}

/// A member's name without the folders "." that `tar cf x.tar .` writes.
std::string withoutDotFolders(const std::string& name)
{
    std::string result;
    for (std::size_t at = 0; at <= name.size();) {
        const auto end = std::min(name.find('/', at), name.size());
        const auto part = name.substr(at, end - at + 1); // with its slash
        if (part != "./")
            result += part;
        at = end + 1;
    }
    return result;
}

/// What members are called behind the key where an ending alone does not say what they are: KEY.image.jpg with
/// KEY.caption.txt.
constexpr std::array<std::string_view, 6> pictureWords = {"image", "img", "picture", "photo", "jpg", "png"};
constexpr std::array<std::string_view, 6> textWords = {"caption", "text", "prompt", "meta", "metadata", "json"};

bool endsWithWord(const std::string& stem, const std::string& key, std::span<const std::string_view> words)
{
    return stem.size() > key.size() + 1 && stem.starts_with(key) && stem[key.size()] == '.' &&
           std::ranges::find(words, std::string_view(stem).substr(key.size() + 1)) != words.end();
}

/// Whether a member lies in a folder that import passes by wherever it lies: a hidden one, or one of a system or tool.
bool liesInToolFolder(const fs::path& member)
{
    return std::ranges::any_of(member.parent_path(), [](const fs::path& folder) {
        const auto& name = folder.native();
        return isToolFolder(name) || (name.starts_with('.') && name != "." && name != "..");
    });
}

class Unpacking {
public:
    Unpacking(const fs::path& tar, const JobContext& context)
        : tar_(tar)
        , context_(context)
    {
    }

    /// False when stopped.
    bool into(const fs::path& folder)
    {
        auto mapped = MappedFile::open(tar_);
        const auto kind = fileKindOf(mapped->bytes());
        const bool compressed = kind >= FileKind::Gzip && kind <= FileKind::Zstandard;
        if (compressed)
            mapped = decompressed(folder);
        else if (kind != FileKind::Tar && kind != FileKind::Zeros && kind != FileKind::Unknown)
            throw DataError(wrongKindMessage(tar_.string(), kind, "a tar archive"));
        if (context_.shouldStop())
            return false;
        if (compressed && fileKindOf(mapped->bytes()) != FileKind::Tar)
            throw DataError(fault_.empty() ? tar_.string() +
                                                 " is compressed, but does not contain a tar archive: unpack it by hand"
                                           : fault_);
        if (!readAll(mapped, folder))
            return false;
        if (!fault_.empty())
            refuse("", fault_ + takenAround("before"));
        for (const auto& [key, sample] : samples_) {
            if (sample.picture.empty())
                refuse(key, "the sample has no picture (" + printableText(key) + ".jpg, .png...)");
        }
        if (pictures_ == 0 && rejects_.empty())
            refuse("", members_ == 0 ? "the archive is empty" : "the archive holds no picture");
        return true;
    }

    std::int64_t pictures() const { return pictures_; }
    const std::vector<Reject>& rejects() const { return rejects_; }
    const PassedBy& passedBy() const { return passedBy_; }

private:
    struct Sample {
        std::string name;    ///< Its files', without ending.
        std::string picture; ///< The member's name, once there is one.
    };

    /// What the compressed tar holds, in a file without a name.
    std::shared_ptr<const MappedFile> decompressed(const fs::path& folder)
    {
        const ProgressMeter meter(context_, {Stage::UnpackingArchive, tar_.filename().string()}, 0, Unit::Bytes);
        const auto file = folder / ".decompressed.tar";
        fault_ = decompressFile(tar_, file, [this] { return context_.shouldStop(); });
        auto mapped = MappedFile::open(file);
        fs::remove(file);
        return mapped;
    }

    bool readAll(const std::shared_ptr<const MappedFile>& mapped, const fs::path& folder)
    {
        const auto bytes = mapped->bytes();
        if (bytes.empty())
            return true;
        std::vector<TarDamage> damages;
        // Which samples have a picture decides what members with several dots are.
        walkDamagedTar(
            bytes, mapped, tar_.string(),
            [this](const TarMember& member) {
                const auto name = withoutDotFolders(member.name);
                const auto [stem, ending] = partsOf(name);
                const auto keyed = webdatasetKey(name);
                if (sideFileKind("x." + ending) != SideFile::None)
                    stemsWithSideFile_.insert(stem);
                if (isImageFile("x." + ending) && stemsWithPicture_.insert(stem).second) {
                    if (const auto [same, isFirst] = stemsByMeaning_.emplace(comparableName(stem), stem); !isFirst)
                        same->second.clear();
                }
                if (isImageFile("x." + ending) && keyed && endsWithWord(stem, keyed->first, pictureWords))
                    namedPictures_.emplace(keyed->first, stem);
                return !context_.shouldStop();
            },
            damages);
        damages.clear();
        ProgressMeter meter(context_, {Stage::UnpackingArchive, tar_.filename().string()},
                            static_cast<std::int64_t>(bytes.size()), Unit::Bytes);
        const auto links = walkDamagedTar(
            bytes, mapped, tar_.string(),
            [&](TarMember member) {
                member.name = withoutDotFolders(member.name);
                take(member, folder);
                if (!member.data.empty())
                    meter.update(member.data.data() - bytes.data());
                return !context_.shouldStop();
            },
            damages);
        if (context_.shouldStop())
            return false;
        if (links > 0)
            passedBy_.add("links and devices in archives", tar_.string(), "pack the files that links point to", links);
        for (const auto& damage : damages) {
            const bool isOfCompression = !fault_.empty() && damage.to >= bytes.size(); // which is told by itself
            if (damage.endMark || isOfCompression)
                continue;
            refuse("", damage.reason + takenAround(damage.to < bytes.size() ? "around" : "before"));
        }
        return true;
    }

    void take(const TarMember& member, const fs::path& folder)
    {
        ++members_;
        if (!isUtf8(member.name)) {
            refuse(member.name, "its name is not UTF-8: pack it again");
            return;
        }
        const auto keyed = webdatasetKey(member.name);
        const auto base = member.name.substr(member.name.rfind('/') + 1);
        if (!keyed || base.starts_with('.') || liesInToolFolder(member.name)) {
            passedBy_.add("hidden or nameless members of archives", tar_.string() + ": " + member.name);
            return;
        }
        if (member.sparse) {
            refuse(member.name,
                   "it is a sparse file, whose holes are not filled here: pack it again without tar's option -S");
            return;
        }
        const auto [stem, ending] = partsOf(member.name);
        const auto& firstKey = keyed->first;
        const bool isPicture = isImageFile("x." + ending);
        if (!isPicture && sideFileKind("x." + ending) == SideFile::None) {
            const auto kind = fileKindOf(member.data);
            const bool archive = kind == FileKind::Tar || (kind >= FileKind::Gzip && kind <= FileKind::Rar);
            constexpr std::array<std::string_view, 5> tables = {"jsonl", "ndjson", "csv", "tsv", "parquet"};
            const bool table = std::ranges::find(tables, std::string_view(ending)) != tables.end();
            passedBy_.add(endingKind(ending) + " members of archives", tar_.string() + ": " + member.name,
                          archive ? "they are archives themselves: unpack them, and import what is inside"
                          : table ? "tables of captions are read in folders alone: unpack the archive and import that"
                                  : "");
            return;
        }
        if (const auto masked = maskedStem(stem, ending); !masked.empty()) {
            takeMask(masked, member, folder);
            return;
        }
        const bool hasDots = stem != firstKey;
        if (isPicture && hasDots && stemsWithPicture_.contains(firstKey)) {
            passedBy_.add("further pictures of samples that have one", tar_.string() + ": " + member.name,
                          "pack them as samples of their own if they are not masks or labels");
            return;
        }
        const bool ofFirstKey =
            hasDots && !isPicture && !stemsWithPicture_.contains(stem) && stemsWithPicture_.contains(firstKey);
        auto key = ofFirstKey ? firstKey : stem;
        const auto named = namedPictures_.find(firstKey);
        if (!isPicture && named != namedPictures_.end() && !stemsWithPicture_.contains(key) &&
            (!hasDots || endsWithWord(stem, firstKey, textWords)))
            key = named->second;
        if (!isPicture && !stemsWithPicture_.contains(key))
            key = stemMeantBy(key);
        takeInto(samples_[key], key, member, ending, folder);
    }

    /// Of a name without a picture: that of the one picture which means the same elsewhere (comparable_name.h) and has
    /// no file of its own beside it; the name itself where there is none.
    std::string stemMeantBy(const std::string& stem) const
    {
        const auto found = stemsByMeaning_.find(comparableName(stem));
        const bool isMeant =
            found != stemsByMeaning_.end() && !found->second.empty() && !stemsWithSideFile_.contains(found->second);
        return isMeant ? found->second : stem;
    }

    /// Of which sample's loss this member is the mask (KEY-mask.png); empty for others.
    std::string maskedStem(const std::string& stem, const std::string& ending) const
    {
        const auto masked = ending == "png" ? lossMaskedStem(stem) : std::string();
        if (masked.empty() || stemsWithPicture_.contains(masked))
            return masked;
        const auto found = stemsByMeaning_.find(comparableName(masked));
        return found == stemsByMeaning_.end() ? std::string() : found->second;
    }

    /// Beside the sample's picture, whose safe name may be another than the member's.
    void takeMask(const std::string& key, const TarMember& member, const fs::path& folder)
    {
        const auto file = folder / (idFromName(key) + std::string(lossMaskEnding) + ".png");
        if (fs::exists(file))
            refuse(member.name, "it is the second mask of its picture");
        else
            writePlainly(file, member.data);
    }

    void takeInto(Sample& sample, const std::string& key, const TarMember& member, const std::string& ending,
                  const fs::path& folder)
    {
        if (sample.name.empty()) { // a mask's is made of its picture's, by which it is told from a picture
            auto other = nanodit::maskedStem(key);
            if (other.empty())
                other = mappedStem(key);
            const bool madeOfOther = !other.empty() && stemsWithPicture_.contains(other);
            sample.name = madeOfOther ? idFromName(other) + key.substr(other.size()) : idFromName(key);
        }
        const auto file = folder / (sample.name + "." + ending);
        const bool isPicture = isImageFile(file);
        if (isPicture && !sample.picture.empty()) {
            refuse(member.name, "its sample has a picture already, " + sample.picture);
            return;
        }
        if (fs::exists(file)) {
            refuse(member.name, "it is the second member of this name");
            return;
        }
        writePlainly(file, member.data);
        if (isPicture) {
            sample.picture = member.name;
            ++pictures_;
        }
    }

    /// " (1 picture before the damage was taken)"
    std::string takenAround(const std::string& where) const
    {
        return " (" + std::to_string(pictures_) + (pictures_ == 1 ? " picture " : " pictures ") + where +
               " the damage " + (pictures_ == 1 ? "was" : "were") + " taken)";
    }

    /// `member` may be empty: the archive itself.
    void refuse(const std::string& member, const std::string& why)
    {
        rejects_.push_back({tar_.string() + (member.empty() ? "" : ": " + printableText(member)), printableText(why)});
    }

    const fs::path& tar_;
    const JobContext& context_;
    std::set<std::string> stemsWithPicture_;            ///< Names of picture members up to their last dot.
    std::set<std::string> stemsWithSideFile_;           ///< Of captions and JSON, likewise.
    std::map<std::string, std::string> stemsByMeaning_; ///< Of pictures; empty where several mean the same.
    std::map<std::string, std::string> namedPictures_;  ///< The stem KEY.image by the key KEY.
    std::map<std::string, Sample> samples_;             ///< By key.
    std::vector<Reject> rejects_;
    PassedBy passedBy_;
    std::int64_t pictures_ = 0, members_ = 0;
    std::string fault_; ///< Of the compression.
};

/// What a note says again of a tar that was unpacked before.
void recall(const json& note, UnpackedTar& result)
{
    for (const auto& reject : listIn(note, "rejects"))
        result.rejects.push_back({textIn(reject, "what"), textIn(reject, "reason")});
    for (const auto& kind : listIn(note, "passed_by"))
        result.passedBy.add(textIn(kind, "kind"), textIn(kind, "example"), textIn(kind, "advice"),
                            std::max<std::int64_t>(1, numberIn(kind, "count")));
}

std::string noteText(const std::string& name, const FileStamp& stamp, const UnpackedTar& result)
{
    auto rejects = json::array(), passedBy = json::array();
    for (const auto& reject : result.rejects)
        rejects.push_back({{"what", reject.what}, {"reason", reject.reason}});
    for (const auto& [kind, what] : result.passedBy.kinds())
        passedBy.push_back({{"kind", kind}, {"count", what.count}, {"example", what.example}, {"advice", what.advice}});
    return dumpForeignJson({{"tar", name},
                            {"reader", readerVersion},
                            {"bytes", stamp.bytes},
                            {"modified", stamp.modifiedNanoseconds},
                            {"rejects", rejects},
                            {"passed_by", passedBy}});
}

} // namespace

TarSource::TarSource(const Workspace& workspace)
    : workspace_(workspace)
{
    std::error_code none;
    for (fs::directory_iterator it(workspace.imagesFolder(), none), end; !none && it != end; it.increment(none)) {
        if (it->path().filename().native().starts_with('.')) // what a killed import had not put in place
            continue;
        if (const auto tar = textIn(noteIn(it->path()), "tar"); !tar.empty())
            folders_[tar] = it->path();
    }
}

/// Whether a folder holds what a tar gave that was moved here since: the same in size and time, and gone from its
/// place.
bool TarSource::isOfMovedTar(const fs::path& folder, const FileStamp& stamp) const
{
    const auto note = noteIn(folder);
    const auto tar = textIn(note, "tar");
    return !tar.empty() && !stampOf(workspace_.root / tar) && numberIn(note, "bytes") == stamp.bytes &&
           numberIn(note, "modified") == stamp.modifiedNanoseconds;
}

std::optional<UnpackedTar> TarSource::unpack(const fs::path& tar, const fs::path& relative, const JobContext& context)
{
    const auto stamp = stampOf(tar);
    if (!stamp)
        return UnpackedTar{
            .folder = {},
            .rejects = {{tar.string(), "it is not a file: it is a broken link, a pipe or a device, or it is gone"}},
            .passedBy = {}};
    const auto name = nameOf(tar, workspace_);
    UnpackedTar result;
    if (const auto known = folders_.find(name); known != folders_.end())
        result.folder = known->second;
    for (int attempt = 0; result.folder.empty(); ++attempt) {
        const auto candidate = workspace_.imagesFolder() / idFromPath(relative, attempt);
        if (!fs::exists(candidate) || isOfMovedTar(candidate, *stamp))
            result.folder = candidate;
    }
    const auto before = noteIn(result.folder);
    if (numberIn(before, "bytes") == stamp->bytes && numberIn(before, "modified") == stamp->modifiedNanoseconds &&
        numberIn(before, "reader") == readerVersion) {
        recall(before, result);
        return result;
    }
    Unpacking unpacking(tar, context);
    removeAbandonedTemporaries(workspace_.imagesFolder());
    AtomicFolder folder(result.folder);
    try {
        if (!unpacking.into(folder.path()))
            return std::nullopt;
    } catch (const DataError& error) {
        return UnpackedTar{.folder = {}, .rejects = {{tar.string(), printableText(error.what())}}, .passedBy = {}};
    }
    result.rejects = unpacking.rejects();
    result.passedBy = unpacking.passedBy();
    if (unpacking.pictures() == 0) {
        result.folder.clear();
        return result;
    }
    const auto note = noteText(name, *stamp, result);
    writePlainly(folder.path() / noteName, std::as_bytes(std::span(note)));
    folder.commitReplacing();
    folders_[name] = result.folder;
    return result;
}

} // namespace nanodit
