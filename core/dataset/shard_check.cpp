#include "core/dataset/shard_check.h"

#include "core/dataset/shard_set.h"
#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/io/presence.h"
#include "core/io/sha256.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

/// "none" where a sample has none.
std::string verdictOf(const json& info)
{
    const auto certificate = info.find("certificate");
    if (certificate == info.end() || !certificate->is_object())
        return "none";
    return certificate->value("verdict", std::string("none"));
}

class SetCheck {
public:
    SetCheck(const fs::path& folder, const JobContext& context)
        : folder_(folder)
        , context_(context)
    {
        found_.set = folder.filename().string();
    }

    /// Empty when stopped.
    bool run()
    {
        try {
            return check();
        } catch (const Error& error) { // a set that cannot even be opened is a finding
            found_.problems.push_back({found_.set, error.what()});
            return true;
        } catch (const json::exception& error) {
            found_.problems.push_back({found_.set, (folder_ / "shards.json").string() + " is damaged (" +
                                                       jsonFault(error) + "); pack the shards again"});
            return true;
        }
    }
    const ShardSetCheck& found() const { return found_; }

private:
    bool check()
    {
        const auto set = ShardSet::open(folder_);
        const auto manifestFile = folder_ / "shards.json";
        packedHere_ = fs::exists(manifestFile);
        if (!packedHere_)
            found_.problems.push_back(
                {found_.set, folder_.string() + " has no shards.json, so neither hashes nor counts can be compared",
                 remedy::PackShards{.replace = true}});
        const auto manifest = packedHere_ ? json::parse(readTextFile(manifestFile)) : json{{"shards", json::array()}};
        const auto& entries = set->entries();
        ProgressMeter meter(context_, {Stage::CheckingShards, found_.set},
                            static_cast<std::int64_t>(entries.size() + manifest.at("shards").size()), Unit::Entries);
        for (const auto& line : manifest.at("shards")) {
            if (context_.shouldStop())
                return false;
            checkShard(line);
            meter.advance();
        }
        for (std::size_t i = 0; i < entries.size(); ++i) {
            if (context_.shouldStop())
                return false;
            checkSample(*set, static_cast<std::int64_t>(i));
            meter.advance();
        }
        const auto expect = [&](const char* what, const json& stated, const json& counted) {
            if (stated != counted)
                found_.problems.push_back({found_.set, manifestFile.string() + " states " + stated.dump() + " " + what +
                                                           ", the shards hold " + counted.dump() +
                                                           "; pack the shards again"});
        };
        if (manifest.contains("samples"))
            expect("samples", manifest.at("samples"), entries.size());
        if (manifest.contains("certificates"))
            expect("certificates", manifest.at("certificates"), found_.certificates);
        return true;
    }

    void checkShard(const json& line)
    {
        const auto file = folder_ / line.at("file").get<std::string>();
        ++found_.shards;
        try {
            const auto sum = sha256OfFile(file);
            found_.bytes += static_cast<std::int64_t>(fs::file_size(file));
            if (sum != line.at("sha256").get<std::string>())
                found_.problems.push_back(
                    {line.at("file"), file.string() + " is not the file that was packed: its SHA-256 is " + sum +
                                          ", shards.json has " + line.at("sha256").get<std::string>() +
                                          "; copy it again, or pack the shards again"});
        } catch (const DataError& error) {
            found_.problems.push_back({line.at("file"), std::string(error.what()) + "; pack the shards again"});
        }
    }

    void checkSample(const ShardSet& set, std::int64_t index)
    {
        const auto& entry = set.entries()[static_cast<std::size_t>(index)];
        try {
            const auto sample = set.read(index);
            ++found_.samples;
            ++found_.certificates[verdictOf(sample.info)];
            const auto id = sample.info.value("id", entry.id);
            const auto bucket = sample.info.value("aspect_bucket", bucketName(entry.bucket));
            if (packedHere_ && (id != entry.id || bucket != bucketName(entry.bucket))) // others mean what they like
                found_.problems.push_back({entry.id, "the sample " + entry.id + " of the bucket " +
                                                         bucketName(entry.bucket) + " says that it is " + id +
                                                         " of the bucket " + bucket + "; pack the shards again"});
        } catch (const std::exception& error) {
            if (told_.insert(error.what()).second)
                found_.problems.push_back({entry.id, sentenceOf(error)});
        }
    }

    fs::path folder_;
    const JobContext& context_;
    ShardSetCheck found_;
    bool packedHere_ = true;     ///< With a shards.json.
    std::set<std::string> told_; ///< What all samples of a shard that cannot be opened share is one problem.
};

} // namespace

std::unique_ptr<Job> makeShardCheckJob(ShardCheckRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        const auto parent = request.workspace.shardsFolder();
        std::vector<fs::path> folders;
        std::error_code none;
        for (const auto& entry : fs::directory_iterator(parent, none)) {
            if (isPresentFolder(entry.path()) && !entry.path().filename().string().starts_with("."))
                folders.push_back(entry.path());
        }
        if (folders.empty())
            throw DataError("there is no shard set in " + parent.string(), remedy::PackShards{});
        std::ranges::sort(folders);
        std::vector<ShardSetCheck> checks;
        for (const auto& folder : folders) {
            SetCheck check(folder, context);
            if (!check.run())
                return JobEnd::Cancelled;
            checks.push_back(check.found());
        }
        request.finished(checks);
        return JobEnd::Finished;
    });
}

} // namespace nanodit
