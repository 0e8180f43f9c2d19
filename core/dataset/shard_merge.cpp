#include "core/dataset/shard_merge.h"

#include "core/dataset/dino_statistics.h"
#include "core/geometry/bucket.h"
#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

constexpr auto doneName = "done.json";  ///< In a rank's folder: all its sets are whole.
constexpr auto mergingName = "merging"; ///< Beside them: sets that are there may be those of a merge that was killed.

fs::path ranksFolder(const Workspace& workspace)
{
    return workspace.shardsFolder() / ".ranks";
}

std::string numbered(const char* format, std::int64_t first, std::int64_t second = 0)
{
    char text[64];
    std::snprintf(text, sizeof text, format, static_cast<long long>(first), static_cast<long long>(second));
    return text;
}

fs::path rankFolder(const Workspace& workspace, std::int64_t rank, std::int64_t worldSize)
{
    return ranksFolder(workspace) / numbered("rank-%04lld-of-%04lld", rank, worldSize);
}

/// The world sizes of which there is any rank's folder.
std::set<std::int64_t> worlds(const Workspace& workspace)
{
    std::set<std::int64_t> sizes;
    std::error_code none;
    for (fs::directory_iterator it(ranksFolder(workspace), none), end; !none && it != end; it.increment(none)) {
        long long rank = 0, size = 0;
        if (std::sscanf(it->path().filename().c_str(), "rank-%lld-of-%lld", &rank, &size) == 2 && size > 0)
            sizes.insert(size);
    }
    return sizes;
}

/// The folders of all ranks of a world, by rank; empty unless all have ended.
std::vector<fs::path> wholeWorld(const Workspace& workspace, std::int64_t worldSize)
{
    std::vector<fs::path> folders;
    for (std::int64_t rank = 0; rank < worldSize; ++rank) {
        folders.push_back(rankFolder(workspace, rank, worldSize));
        if (!fs::exists(folders.back() / doneName))
            return {};
    }
    return folders;
}

/// A second name for a file, or a copy where the file system has only one.
void linkOrCopy(const fs::path& from, const fs::path& to)
{
    fs::create_directories(to.parent_path());
    std::error_code error;
    fs::create_hard_link(from, to, error);
    if (error)
        fs::copy_file(from, to, error);
    if (error)
        throw StoreError("the shard " + from.string() + " could not be put in place as " + to.string() + ": " +
                         error.message());
}

/// One set of all ranks, being put together.
class SetMerge {
public:
    SetMerge(const fs::path& shards, std::string set)
        : set_(std::move(set))
        , folder_(shards / set_)
    {
    }

    void add(const fs::path& rankSet)
    {
        try {
            addManifest(rankSet);
        } catch (const json::exception& error) {
            throw DataError((rankSet / "shards.json").string() + " is damaged (" + jsonFault(error) +
                            "): pack again with all ranks");
        }
    }

    RanksMerged::Set finish(bool overwrite)
    {
        auto& shards = merged_["shards"];
        std::sort(shards.begin(), shards.end(), [](const json& a, const json& b) {
            return a["file"].get<std::string>() < b["file"].get<std::string>();
        });
        merged_["dino_statistics"] =
            DinoStatistics{.cls = cls_.statistics(), .patches = patches_.statistics()}.toJson();
        writeFileAtomically(folder_.path() / "shards.json", merged_.dump(1) + "\n");
        overwrite ? folder_.commitReplacing() : folder_.commit();
        return {.name = set_,
                .samples = merged_["samples"].get<std::int64_t>(),
                .shards = static_cast<std::int64_t>(shards.size())};
    }

private:
    void addManifest(const fs::path& rankSet)
    {
        const auto manifest = json::parse(readTextFile(rankSet / "shards.json"));
        if (merged_.is_null()) {
            merged_ = manifest;
            merged_["samples"] = 0;
            merged_["masked"] = 0;
            merged_["certificates"] = json::object();
            merged_["shards"] = json::array();
        }
        for (const char* key : {"format", "encoders", "dino_width", "text_width", "latent_channels"}) {
            if (merged_.at(key) != manifest.at(key))
                throw DataError("ranks packed the set " + set_ + " with different encoders (" + key + " in " +
                                (rankSet / "shards.json").string() + " is another): pack again with all ranks");
        }
        merged_["samples"] = merged_["samples"].get<std::int64_t>() + manifest.at("samples").get<std::int64_t>();
        merged_["masked"] = merged_["masked"].get<std::int64_t>() + manifest.value("masked", std::int64_t{0});
        merged_["patch_grids"].update(manifest.at("patch_grids"));
        for (const auto& [verdict, count] : manifest.at("certificates").items())
            merged_["certificates"][verdict] =
                merged_["certificates"].value(verdict, std::int64_t{0}) + count.get<std::int64_t>();
        std::int64_t patches = 0;
        for (auto shard : manifest.at("shards")) {
            const auto bucket = shard.at("bucket").get<std::string>();
            const auto& grid = manifest.at("patch_grids").at(bucket);
            patches += shard.at("samples").get<std::int64_t>() * grid.at(0).get<std::int64_t>() *
                       grid.at(1).get<std::int64_t>();
            const auto file = "bucket_" + bucket + "/" + numbered("shard-%06lld.tar", shardsOf_[bucket]++);
            linkOrCopy(rankSet / shard.at("file").get<std::string>(), folder_.path() / file);
            shard["file"] = file;
            merged_["shards"].push_back(shard);
        }
        const auto statistics =
            DinoStatistics::fromJson(manifest.at("dino_statistics"), (rankSet / "shards.json").string());
        cls_.add(statistics.cls, manifest.at("samples").get<std::int64_t>());
        patches_.add(statistics.patches, patches);
    }

    std::string set_;
    AtomicFolder folder_;
    json merged_;
    std::map<std::string, std::int64_t> shardsOf_; ///< By bucket.
    ChannelMoments cls_, patches_;
};

std::vector<RanksMerged::Set> mergeWorld(const Workspace& workspace, const std::vector<fs::path>& ranks)
{
    std::set<std::string> names;
    const auto merging = ranksFolder(workspace) / mergingName;
    bool overwrite = true;
    for (const auto& rank : ranks) {
        overwrite =
            overwrite &&
            valueOfJson<json>(readTextFile(rank / doneName), (rank / doneName).string()).value("overwrite", false);
        for (const auto& entry : fs::directory_iterator(rank)) {
            if (fs::exists(entry.path() / "shards.json"))
                names.insert(entry.path().filename().string());
        }
    }
    overwrite = overwrite || fs::exists(merging);
    for (const auto& name : names) {
        // All at once: a set that is in the way is told before the first one is put in place.
        if (!overwrite && fs::exists(workspace.shardsFolder() / name))
            throw StoreError((workspace.shardsFolder() / name).string() + " exists already",
                             remedy::PackShards{.replace = true});
    }
    writeFileAtomically(merging, "");
    std::vector<RanksMerged::Set> sets;
    for (const auto& name : names) {
        SetMerge merge(workspace.shardsFolder(), name);
        for (const auto& rank : ranks) {
            if (fs::exists(rank / name / "shards.json"))
                merge.add(rank / name);
        }
        sets.push_back(merge.finish(overwrite));
    }
    return sets;
}

} // namespace

fs::path beginRankShards(const Workspace& workspace, const RankShare& share)
{
    for (const auto size : worlds(workspace))
        fs::remove_all(rankFolder(workspace, share.rank, size));
    return rankFolder(workspace, share.rank, share.worldSize);
}

void endRankShards(const Workspace& workspace, const RankShare& share, bool overwrite)
{
    writeFileAtomically(rankFolder(workspace, share.rank, share.worldSize) / doneName,
                        json{{"overwrite", overwrite}}.dump() + "\n");
}

std::optional<std::vector<RanksMerged::Set>> mergeRankShards(const Workspace& workspace)
{
    for (const auto size : worlds(workspace)) {
        const auto ranks = wholeWorld(workspace, size);
        if (ranks.empty())
            continue;
        removeAbandonedTemporaries(workspace.shardsFolder());
        auto sets = mergeWorld(workspace, ranks);
        fs::remove_all(ranksFolder(workspace));
        return sets;
    }
    return std::nullopt;
}

} // namespace nanodit
