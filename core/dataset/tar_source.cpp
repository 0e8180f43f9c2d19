#include "core/dataset/tar_source.h"

#include "core/dataset/record.h"
#include "core/io/atomic_file.h"
#include "core/io/image.h"
#include "core/io/mapped_file.h"
#include "core/io/tar.h"
#include "core/io/utf8.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
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
    const auto fail = [&file] {
        throw StoreError("cannot write " + file.string() + ": " + std::strerror(errno) +
                         "; free some space or make its folder writable, and import again");
    };
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0)
        fail();
    while (!bytes.empty()) {
        const auto written = ::write(descriptor, bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0) {
            const int code = errno;
            ::close(descriptor);
            errno = code;
            fail();
        }
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    if (::close(descriptor) != 0)
        fail();
}

/// The tar as the note names it: relative to the workspace where it lies inside, so that the workspace can be moved.
std::string nameOf(const fs::path& tar, const Workspace& workspace)
{
    const auto relative = tar.lexically_relative(workspace.root);
    return !relative.empty() && *relative.begin() != ".." ? relative.generic_string() : tar.generic_string();
}

/// What an earlier import noted in a folder; empty when it is no such folder.
json noteIn(const fs::path& folder)
{
    const auto note =
        fs::exists(folder / noteName) ? json::parse(readTextFile(folder / noteName), nullptr, false) : json::object();
    return note.is_object() ? note : json::object();
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
        const auto mapped = MappedFile::open(tar_);
        const auto bytes = mapped->bytes();
        ProgressMeter meter(context_, {Stage::UnpackingArchive, tar_.filename().string()},
                            static_cast<std::int64_t>(bytes.size()), Unit::Bytes);
        try {
            TarReader reader(bytes, mapped, tar_.string());
            while (const auto member = reader.next()) {
                if (context_.shouldStop())
                    return false;
                take(*member, folder);
                if (!member->data.empty())
                    meter.update(member->data.data() - bytes.data());
            }
        } catch (const DataError& error) {
            rejects_.push_back({tar_.string(), std::string(error.what()) + " (" + std::to_string(pictures_) +
                                                   " pictures before the damage were taken)"});
        }
        for (const auto& [key, sample] : samples_) {
            if (sample.picture.empty())
                rejects_.push_back(
                    {tar_.string() + ": " + key, "the sample has no picture (" + key + ".jpg, .png...)"});
        }
        return true;
    }

    std::int64_t pictures() const { return pictures_; }
    const std::vector<Reject>& rejects() const { return rejects_; }

private:
    struct Sample {
        std::string name;    ///< Its files', without ending.
        std::string picture; ///< The member's name, once there is one.
    };

    void take(const TarMember& member, const fs::path& folder)
    {
        const auto parts = webdatasetKey(member.name);
        if (!parts)
            return;
        const auto& [key, extension] = *parts;
        const bool isPicture = extension.find('.') == std::string::npos && isImageFile("x." + extension);
        if (!isPicture && extension != "txt" && extension != "json")
            return;
        const auto where = tar_.string() + ": " + member.name;
        if (!isUtf8(member.name)) {
            rejects_.push_back({where, "its name is not UTF-8: pack it anew"});
            return;
        }
        auto& sample = samples_[key];
        if (sample.name.empty())
            sample.name = idFromName(key);
        const auto file = folder / (sample.name + "." + extension);
        if (isPicture && !sample.picture.empty()) {
            rejects_.push_back({where, "its sample has a picture already, " + sample.picture});
            return;
        }
        if (fs::exists(file)) {
            rejects_.push_back({where, "it is the second member of this name"});
            return;
        }
        writePlainly(file, member.data);
        if (isPicture) {
            sample.picture = member.name;
            ++pictures_;
        }
    }

    const fs::path& tar_;
    const JobContext& context_;
    std::map<std::string, Sample> samples_; ///< By key.
    std::vector<Reject> rejects_;
    std::int64_t pictures_ = 0;
};

} // namespace

TarSource::TarSource(const Workspace& workspace)
    : workspace_(workspace)
{
    std::error_code none;
    for (fs::directory_iterator it(workspace.imagesFolder(), none), end; !none && it != end; it.increment(none)) {
        if (it->path().filename().native().starts_with('.')) // what a killed import had not put in place
            continue;
        if (const auto tar = noteIn(it->path()).value("tar", ""); !tar.empty())
            folders_[tar] = it->path();
    }
}

std::optional<UnpackedTar> TarSource::unpack(const fs::path& tar, const fs::path& relative, const JobContext& context)
{
    const auto stamp = stampOf(tar);
    if (!stamp)
        return UnpackedTar{.folder = {}, .rejects = {{tar.string(), "the tar does not exist any more"}}};
    const auto name = nameOf(tar, workspace_);
    UnpackedTar result;
    if (const auto known = folders_.find(name); known != folders_.end())
        result.folder = known->second;
    for (int attempt = 0; result.folder.empty(); ++attempt) {
        const auto candidate = workspace_.imagesFolder() / idFromPath(relative, attempt);
        if (!fs::exists(candidate))
            result.folder = candidate;
    }
    const auto before = noteIn(result.folder);
    if (before.value("bytes", std::int64_t{-1}) == stamp->bytes &&
        before.value("modified", std::int64_t{-1}) == stamp->modifiedNanoseconds) {
        for (const auto& reject : before.value("rejects", json::array()))
            result.rejects.push_back({reject.value("what", ""), reject.value("reason", "")});
        return result;
    }
    Unpacking unpacking(tar, context);
    removeAbandonedTemporaries(workspace_.imagesFolder());
    AtomicFolder folder(result.folder);
    if (!unpacking.into(folder.path()))
        return std::nullopt;
    result.rejects = unpacking.rejects();
    if (unpacking.pictures() == 0) {
        result.folder.clear();
        return result;
    }
    auto rejects = json::array();
    for (const auto& reject : result.rejects)
        rejects.push_back({{"what", reject.what}, {"reason", reject.reason}});
    const auto note =
        json{{"tar", name}, {"bytes", stamp->bytes}, {"modified", stamp->modifiedNanoseconds}, {"rejects", rejects}}
            .dump(1);
    writePlainly(folder.path() / noteName, std::as_bytes(std::span(note)));
    folder.commitReplacing();
    folders_[name] = result.folder;
    return result;
}

} // namespace nanodit
