#include "core/dataset/shard_set.h"

#include "core/dataset/sample_reading.h"
#include "core/dataset/shard.h"
#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/io/presence.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

struct ShardSet::State {
    fs::path folder;
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<Entry> entries;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> places; ///< Shard and position of each entry.
    std::unordered_map<std::string, std::int64_t> byId;
    KnownOfSamples known;
    std::int64_t masked = 0;
    DinoStatistics statistics;
    json encoders = json::object();

    void readManifest(const json& manifest, const std::string& name);
    void addEntries();
};

void ShardSet::State::readManifest(const json& manifest, const std::string& name)
{
    try {
        if (manifest.at("format").get<int>() != 1)
            throw DataError(name + " has the format " + manifest.at("format").dump() +
                            ", 1 is read; use the program that wrote it");
        for (const auto& line : manifest.at("shards")) {
            const fs::path relative = line.at("file").get<std::string>();
            if (relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end())
                throw DataError(name + " points to " + relative.string() + ", outside its folder");
            const auto bucket = sizeFromName(line.at("bucket").get<std::string>());
            if (!bucket)
                throw DataError(name + " gives " + relative.string() + " the bucket " + line.at("bucket").dump() +
                                ", which is not WIDTHxHEIGHT; pack the shards again");
            auto ids = line.at("ids").get<std::vector<std::string>>();
            const auto bytes = line.at("bytes").get<std::int64_t>();
            shards.push_back(std::make_unique<Shard>(folder / relative, *bucket, std::move(ids), bytes));
        }
        for (const auto& [bucket, grid] : manifest.at("patch_grids").items())
            known.grids[bucket] = {.rows = grid.at(0).get<std::int64_t>(), .cols = grid.at(1).get<std::int64_t>()};
        known.dinoWidth = manifest.at("dino_width").get<std::int64_t>();
        known.textWidth = manifest.at("text_width").get<std::int64_t>();
        known.latentChannels = manifest.at("latent_channels").get<std::int64_t>();
        masked = manifest.value("masked", std::int64_t{0});
        encoders = manifest.at("encoders").get<json::object_t>();
        statistics = DinoStatistics::fromJson(manifest.at("dino_statistics"), name);
        known.haveInfo = !statistics.empty();
    } catch (const json::exception& error) {
        throw DataError(name + " is damaged (" + jsonFault(error) + "); pack the shards again");
    }
}

void ShardSet::State::addEntries()
{
    for (std::uint32_t number = 0; number < shards.size(); ++number) {
        const auto& shard = *shards[number];
        for (std::uint32_t position = 0; position < shard.ids().size(); ++position) {
            if (!byId.emplace(shard.ids()[position], static_cast<std::int64_t>(entries.size())).second)
                throw DataError(folder.string() + " holds sample " + shard.ids()[position] +
                                " twice; pack the shards again");
            entries.push_back({.id = shard.ids()[position], .bucket = shard.bucketOf(position)});
            places.emplace_back(number, position);
        }
    }
    if (entries.empty())
        throw DataError(folder.string() + " holds no samples: neither a shards.json nor tars of samples below it",
                        remedy::PackShards{});
}

ShardSet::ShardSet()
    : state_(std::make_unique<State>())
{
}

ShardSet::~ShardSet() = default;

std::shared_ptr<const ShardSet> ShardSet::open(const fs::path& folder)
{
    std::shared_ptr<ShardSet> set(new ShardSet);
    auto& state = *set->state_;
    state.folder = folder;
    if (!isPresentFolder(folder))
        throw DataError("there is no shard set " + folder.string(), remedy::PackShards{});
    const auto manifest = folder / "shards.json";
    if (isPresent(manifest)) {
        const auto parsed = json::parse(readTextFile(manifest), nullptr, false);
        if (!parsed.is_object())
            throw DataError(manifest.string() + " is damaged: it must hold a JSON object; pack the shards again");
        state.readManifest(parsed, manifest.string());
        state.addEntries();
    } else {
        state.shards = Shard::below(folder);
        state.addEntries();
        const auto first = set->firstReadable();
        state.known.dinoWidth = first.cls.shape[0];
        state.known.textWidth = first.text.shape[1];
        state.known.latentChannels = first.latent.shape[0];
    }
    return set;
}

ShardSample ShardSet::firstReadable() const
{
    std::string firstReason;
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(state_->entries.size()); ++i) {
        try {
            return read(i);
        } catch (const DataError& error) {
            if (firstReason.empty())
                firstReason = error.what();
        }
    }
    throw DataError("no sample of " + state_->folder.string() + " can be read: " + firstReason);
}

std::span<const ShardSet::Entry> ShardSet::entries() const
{
    return state_->entries;
}

std::optional<std::int64_t> ShardSet::find(const std::string& id) const
{
    const auto found = state_->byId.find(id);
    return found == state_->byId.end() ? std::nullopt : std::optional(found->second);
}

ShardSample ShardSet::read(std::int64_t index, Check check) const
{
    const auto [shard, position] = state_->places[static_cast<std::size_t>(index)];
    return readSample(*state_->shards[shard], position, state_->known, check);
}

Array ShardSet::readCls(std::int64_t index) const
{
    const auto [shard, position] = state_->places[static_cast<std::size_t>(index)];
    return readSampleCls(*state_->shards[shard], position, state_->known);
}

const fs::path& ShardSet::folder() const
{
    return state_->folder;
}

std::int64_t ShardSet::dinoWidth() const
{
    return state_->known.dinoWidth;
}

std::int64_t ShardSet::textWidth() const
{
    return state_->known.textWidth;
}

std::int64_t ShardSet::masked() const
{
    return state_->masked;
}

std::int64_t ShardSet::latentChannels() const
{
    return state_->known.latentChannels;
}

const DinoStatistics& ShardSet::dinoStatistics() const
{
    return state_->statistics;
}

const json& ShardSet::encoders() const
{
    return state_->encoders;
}

} // namespace nanodit
