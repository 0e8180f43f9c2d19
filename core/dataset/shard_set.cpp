#include "core/dataset/shard_set.h"

#include "core/dataset/folder_walk.h"
#include "core/dataset/record.h"
#include "core/io/atomic_file.h"
#include "core/io/file_kind.h"
#include "core/io/float_values.h"
#include "core/io/foreign_text.h"
#include "core/io/json_fault.h"
#include "core/io/mapped_file.h"
#include "core/io/npy.h"
#include "core/io/tar.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <mutex>
#include <unordered_map>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

using Bytes = std::span<const std::byte>;

/// The entries of a sample that are read, in this order; the text's mask is there only in sets made elsewhere, the loss
/// mask where a picture has one.
constexpr std::array extensions = {"json",   "dinov3.npy",  "dinov3_patches.npy", "vae.npy",
                                   "t5.npy", "t5_mask.npy", "loss_mask.npy"};
enum Part { Info, Cls, Patches, Latent, Text, TextMask, LossMask };
using Parts = std::array<Bytes, extensions.size()>; ///< Those that a sample lacks have no address.

/// Pixels of the bucket per latent pixel along each side, where nothing else tells.
constexpr std::int64_t latentFactor = 8;

/// By path; hidden files and folders (those that are being written) are passed over.
std::vector<fs::path> tarsBelow(const fs::path& folder)
{
    std::vector<fs::path> files;
    std::error_code error, ignored; // a link that leads to itself is no file
    for (fs::recursive_directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
        if (entry->path().filename().string().starts_with(".")) {
            if (entry->is_directory(ignored))
                entry.disable_recursion_pending();
        } else if (isTarName(entry->path()) && entry->is_regular_file(ignored)) {
            files.push_back(entry->path());
        }
    }
    if (error)
        throw DataError(folder.string() + " could not be looked through: " + error.message());
    std::sort(files.begin(), files.end());
    return files;
}

/// The bucket that a folder bucket_WIDTHxHEIGHT names, the innermost if there are several.
std::optional<ImageSize> bucketByFolder(const fs::path& relative)
{
    constexpr std::string_view prefix = "bucket_";
    std::optional<ImageSize> bucket;
    for (const auto& part : relative.parent_path()) {
        if (!part.string().starts_with(prefix))
            continue;
        if (const auto size = sizeFromName(part.string().substr(prefix.size()))) // else a folder of another meaning
            bucket = size;
    }
    return bucket;
}

/// The grid that shards made elsewhere do not tell: that of the usual patch sizes which gives this count.
GridSize guessGrid(ImageSize bucket, std::int64_t patches, const std::string& name)
{
    for (const std::int64_t patchSize : {16, 14, 8, 32})
        if (const auto grid = dinoGrid(bucket, patchSize); grid.count() == patches)
            return grid;
    throw DataError(name + " has " + std::to_string(patches) + " patches, which fits no grid of the bucket " +
                    bucketName(bucket) +
                    (isCentreCropPatchCount(patches) ? " (it is what a centre crop to 224 pixels gives)" : "") +
                    "; make the dinov3 arrays again");
}

/// A sample's JSON, read as strictly as it allows; no object where it is none.
json infoFrom(std::string_view text)
{
    auto info = json::parse(text, nullptr, false);
    return info.is_discarded() ? parseForeignJson(std::string(text)).value : info;
}

/// Whoever reads these fields can rely on their types: the caption is a text, of a list of captions the first, and what
/// else has another type than this program gives it is dropped.
void keepUsableFields(json& info)
{
    for (const auto* const key : {"id", "aspect_bucket", "split"}) {
        if (const auto found = info.find(key); found != info.end() && !found->is_string())
            info.erase(found);
    }
    if (const auto found = info.find("certificate"); found != info.end()) {
        const auto verdict = found->is_object() ? found->find("verdict") : found->end();
        if (!found->is_object() || (verdict != found->end() && !verdict->is_string()))
            info.erase(found);
    }
    const auto caption = info.find("caption");
    if (caption == info.end() || caption->is_string())
        return;
    std::string first;
    for (const auto& one : caption->is_array() ? *caption : json::array()) {
        if (one.is_string() && first.empty())
            first = one.get<std::string>();
    }
    *caption = first;
}

/// How many tokens from the first on are valid.
std::int64_t validTokens(const Array& mask, std::int64_t rows, const std::string& name)
{
    if (mask.elements() != rows)
        throw DataError(name + " masks " + std::to_string(mask.elements()) + " tokens of " + std::to_string(rows));
    const auto ordered = inRowMajorOrder(mask);
    const auto unit = static_cast<std::size_t>(bytesPerElement(mask.dtype));
    std::int64_t valid = 0;
    bool ended = false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
        const auto element = ordered.bytes.subspan(i * unit, unit);
        const bool set =
            std::any_of(element.begin(), element.end(), [](std::byte byte) { return byte != std::byte{0}; });
        if (set && ended)
            throw DataError(name + " has valid tokens behind masked ones");
        ended |= !set;
        valid += set ? 1 : 0;
    }
    return valid;
}

/// Weights of a loss that is divided by their sum: none may be negative, and some must count.
void expectLossMask(const Array& mask, const std::vector<std::int64_t>& shape, const std::string& name)
{
    if (mask.shape != shape || !isFloating(mask.dtype))
        throw DataError(name + " is " + dtypeName(mask.dtype) + " of the shape " + shapeText(mask.shape) +
                        " instead of floating-point numbers of the latent's shape " + shapeText(shape) +
                        "; pack the shards again");
    double sum = 0;
    for (const auto weight : floatsOf(mask)) {
        if (!(weight >= 0 && weight <= 1)) // nor not-a-number
            throw DataError(name + " holds " + std::to_string(weight) +
                            ", where weights from 0 to 1 were expected; pack the shards again");
        sum += static_cast<double>(weight);
    }
    if (sum <= 0)
        throw DataError(name +
                        " is zero everywhere, so that nothing of the picture would be learnt; pack the shards again");
}

Array firstRows(Array array, std::int64_t rows)
{
    if (rows == array.shape[0])
        return array;
    array = inRowMajorOrder(array);
    array.shape[0] = rows;
    array.bytes = array.bytes.first(static_cast<std::size_t>(array.elements() * bytesPerElement(array.dtype)));
    return array;
}

struct Shard {
    fs::path file;
    ImageSize bucket;
    std::vector<std::string> ids;
    std::vector<ImageSize> buckets; ///< Of each sample, where they are not all `bucket`.
    std::int64_t bytes = -1;        ///< As the manifest has it; -1 unknown.

    std::once_flag once;
    std::string damage; ///< Why it could not be opened.
    std::shared_ptr<const MappedFile> mapped;
    std::vector<Parts> samples; ///< By position in `ids`.
    std::string partlyDamaged;  ///< Why some samples lack entries.
};

} // namespace

struct ShardSet::State {
    fs::path folder;
    std::vector<std::unique_ptr<Shard>> shards;
    std::vector<Entry> entries;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> places; ///< Shard and position of each entry.
    std::unordered_map<std::string, std::int64_t> byId;
    std::map<std::string, GridSize> grids; ///< By bucket name.
    std::int64_t dinoWidth = 0, textWidth = 0, latentChannels = 0, masked = 0;
    DinoStatistics statistics;
    json encoders = json::object();

    void readManifest(const json& manifest, const std::string& name);
    void indexWithoutManifest();
    static std::vector<ImageSize> bucketsByLatents(const Shard& shard);
    void joinUnknownBuckets();
    void tellKeysApart();
    void addEntries();
    static void index(Shard& shard, bool idsAreKnown);
    const Parts& partsOf(std::int64_t index, Shard*& shard) const;
};

void ShardSet::State::readManifest(const json& manifest, const std::string& name)
{
    try {
        if (manifest.at("format").get<int>() != 1)
            throw DataError(name + " has the format " + manifest.at("format").dump() +
                            ", 1 is read; use the program that wrote it");
        for (const auto& line : manifest.at("shards")) {
            auto shard = std::make_unique<Shard>();
            const fs::path relative = line.at("file").get<std::string>();
            if (relative.is_absolute() || std::find(relative.begin(), relative.end(), "..") != relative.end())
                throw DataError(name + " points to " + relative.string() + ", outside its folder");
            shard->file = folder / relative;
            const auto bucket = sizeFromName(line.at("bucket").get<std::string>());
            if (!bucket)
                throw DataError(name + " gives " + relative.string() + " the bucket " + line.at("bucket").dump() +
                                ", which is not WIDTHxHEIGHT; pack the shards again");
            shard->bucket = *bucket;
            shard->ids = line.at("ids").get<std::vector<std::string>>();
            shard->bytes = line.at("bytes").get<std::int64_t>();
            shards.push_back(std::move(shard));
        }
        for (const auto& [bucket, grid] : manifest.at("patch_grids").items())
            grids[bucket] = {.rows = grid.at(0).get<std::int64_t>(), .cols = grid.at(1).get<std::int64_t>()};
        dinoWidth = manifest.at("dino_width").get<std::int64_t>();
        textWidth = manifest.at("text_width").get<std::int64_t>();
        latentChannels = manifest.at("latent_channels").get<std::int64_t>();
        masked = manifest.value("masked", std::int64_t{0});
        encoders = manifest.at("encoders");
        statistics = DinoStatistics::fromJson(manifest.at("dino_statistics"), name);
    } catch (const json::exception& error) {
        throw DataError(name + " is damaged (" + jsonFault(error) + "); pack the shards again");
    }
}

/// Tars below folders bucket_WIDTHxHEIGHT hold samples of that bucket; those that lie anywhere else are of the bucket
/// that each sample's latent has the shape of.
void ShardSet::State::indexWithoutManifest()
{
    for (const auto& file : tarsBelow(folder)) {
        auto shard = std::make_unique<Shard>();
        shard->file = file;
        if (const auto kind = fileKindOf(file); kind >= FileKind::Gzip && kind <= FileKind::Zstandard)
            throw DataError(file.string() + " is compressed, and shards are read where they lie: decompress it");
        std::call_once(shard->once, [&] { index(*shard, false); });
        if (const auto bucket = bucketByFolder(file.lexically_relative(folder)))
            shard->bucket = *bucket;
        else
            shard->buckets = bucketsByLatents(*shard);
        shards.push_back(std::move(shard));
    }
    joinUnknownBuckets();
    tellKeysApart();
}

/// Where the keys of several tars are the same, as when each counts from 0, the tar's name stands before them.
void ShardSet::State::tellKeysApart()
{
    std::unordered_map<std::string, int> uses;
    for (const auto& shard : shards) {
        for (const auto& id : shard->ids)
            ++uses[id];
    }
    for (auto& shard : shards) {
        for (auto& id : shard->ids) {
            if (uses[id] > 1)
                id = idFromName(shard->file.lexically_relative(folder).replace_extension().generic_string() + "/" + id);
        }
    }
}

/// {0, 0} where a latent cannot be read.
std::vector<ImageSize> ShardSet::State::bucketsByLatents(const Shard& shard)
{
    std::vector<ImageSize> buckets;
    for (std::size_t i = 0; i < shard.samples.size(); ++i) {
        auto& bucket = buckets.emplace_back();
        const auto bytes = shard.samples[i][Latent];
        if (bytes.data() == nullptr)
            continue;
        try {
            const auto shape = parseNpyHeader(bytes, shard.ids[i]).shape;
            if (shape.size() == 3)
                bucket = {.width = shape[2] * latentFactor, .height = shape[1] * latentFactor};
        } catch (const DataError&) { // Reading the sample tells what is wrong with it.
        }
    }
    return buckets;
}

/// Samples of which nothing tells the bucket stand among those of the first, where reading them names the damage.
void ShardSet::State::joinUnknownBuckets()
{
    ImageSize known;
    for (const auto& shard : shards) {
        for (const auto& bucket : shard->buckets)
            known = known == ImageSize{} ? bucket : known;
        known = known == ImageSize{} ? shard->bucket : known;
    }
    for (auto& shard : shards)
        std::ranges::replace(shard->buckets, ImageSize{}, known);
}

void ShardSet::State::addEntries()
{
    for (std::uint32_t number = 0; number < shards.size(); ++number) {
        const auto& shard = *shards[number];
        for (std::uint32_t position = 0; position < shard.ids.size(); ++position) {
            if (!byId.emplace(shard.ids[position], static_cast<std::int64_t>(entries.size())).second)
                throw DataError(folder.string() + " holds sample " + shard.ids[position] +
                                " twice; pack the shards again");
            entries.push_back(
                {.id = shard.ids[position], .bucket = shard.buckets.empty() ? shard.bucket : shard.buckets[position]});
            places.emplace_back(number, position);
        }
    }
    if (entries.empty())
        throw DataError(folder.string() + " holds no samples: neither a shards.json nor tars of samples below it",
                        remedy::PackShards{});
}

/// Maps the tar and finds every sample's entries. A damaged stretch costs the samples that it holds something of.
/// Throws DataError.
void ShardSet::State::index(Shard& shard, bool idsAreKnown)
{
    const auto mapped = MappedFile::open(shard.file);
    const auto name = shard.file.string();
    if (shard.bytes >= 0 && static_cast<std::size_t>(shard.bytes) != mapped->bytes().size())
        throw DataError(name + " has " + std::to_string(mapped->bytes().size()) + " bytes instead of " +
                        std::to_string(shard.bytes) + "; pack the shards again");
    std::vector<TarDamage> damages;
    std::vector<std::string> keys;
    std::vector<Parts> samples;
    for (const auto& sample : readDamagedWebdataset(mapped->bytes(), mapped, name, damages)) {
        keys.push_back(idsAreKnown ? sample.key : idFromName(sample.key));
        auto& parts = samples.emplace_back();
        for (std::size_t part = 0; part < extensions.size(); ++part)
            if (const auto* const file = sample.find(extensions[part]))
                parts[part] = file->data.empty() ? mapped->bytes().first(0) : file->data;
    }
    if (keys.empty() && !damages.empty())
        throw DataError(damages.front().reason);
    if (idsAreKnown && damages.empty() && keys != shard.ids)
        throw DataError(name + " does not hold the samples that shards.json lists; pack the shards again");
    if (idsAreKnown && !damages.empty()) {
        std::unordered_map<std::string, Parts> found;
        for (std::size_t i = 0; i < keys.size(); ++i)
            found.emplace(keys[i], samples[i]);
        keys = shard.ids;
        samples.clear();
        for (const auto& id : keys)
            samples.push_back(found[id]); // One that is wholly lost has no parts.
    }
    for (const auto& damage : damages)
        shard.partlyDamaged += (shard.partlyDamaged.empty() ? " (of the archive, bytes " : ", ") +
                               std::to_string(damage.from) + " to " + std::to_string(damage.to);
    if (!damages.empty())
        shard.partlyDamaged += " cannot be read)";
    shard.ids = std::move(keys);
    shard.samples = std::move(samples);
    shard.mapped = mapped;
}

const Parts& ShardSet::State::partsOf(std::int64_t index, Shard*& shard) const
{
    const auto [number, position] = places[static_cast<std::size_t>(index)];
    shard = shards[number].get();
    std::call_once(shard->once, [&] {
        try {
            State::index(*shard, true);
        } catch (const DataError& error) {
            shard->damage = error.what();
        }
    });
    if (!shard->damage.empty())
        throw DataError(shard->damage);
    return shard->samples[position];
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
    if (!fs::is_directory(folder))
        throw DataError("there is no shard set " + folder.string(), remedy::PackShards{});
    const auto manifest = folder / "shards.json";
    if (fs::exists(manifest)) {
        const auto parsed = json::parse(readTextFile(manifest), nullptr, false);
        if (!parsed.is_object())
            throw DataError(manifest.string() + " is damaged: it must hold a JSON object; pack the shards again");
        state.readManifest(parsed, manifest.string());
        state.addEntries();
    } else {
        state.indexWithoutManifest();
        state.addEntries();
        const auto first = set->firstReadable();
        state.dinoWidth = first.cls.shape[0];
        state.textWidth = first.text.shape[1];
        state.latentChannels = first.latent.shape[0];
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
    Shard* shard = nullptr;
    const auto& parts = state_->partsOf(index, shard);
    const auto& entry = state_->entries[static_cast<std::size_t>(index)];
    const auto nameOf = [&](Part part) { return shard->file.string() + ": " + entry.id + "." + extensions[part]; };
    for (const auto& part : parts) {
        if (!canBeRead(part))
            throw DataError(shard->file.string() + ": " + entry.id +
                            " cannot be read any more: the file was shortened, or its disk or network failed");
    }
    const auto arrayOf = [&](Part part, std::size_t dimensions, std::size_t axis, std::int64_t known) {
        if (parts[part].data() == nullptr)
            throw DataError(nameOf(part) + " is missing" + shard->partlyDamaged + "; pack the shards again");
        auto array = parseNpy(parts[part], shard->mapped, nameOf(part));
        if (array.shape.size() != dimensions || (known != 0 && array.shape[axis] != known))
            throw DataError(nameOf(part) + " has the unexpected shape " + shapeText(array.shape));
        if (!isFloating(array.dtype) || (check == Check::Everything && !allFinite(array)))
            throw DataError(nameOf(part) + (isFloating(array.dtype)
                                                ? " holds infinite values or not-a-number"
                                                : " holds " + dtypeName(array.dtype) + " instead of numbers"));
        return array;
    };

    ShardSample sample{.id = entry.id,
                       .bucket = entry.bucket,
                       .patchGrid = {},
                       .info = {},
                       .cls = {},
                       .patches = {},
                       .latent = {},
                       .text = {}};
    const auto* const text = reinterpret_cast<const char*>(parts[Info].data());
    if (text != nullptr)
        sample.info = infoFrom({text, parts[Info].size()});
    else if (state_->statistics.empty())
        sample.info = json::object(); // Sets made elsewhere need not have one.
    if (!sample.info.is_object())
        throw DataError(nameOf(Info) + " is missing or no JSON object" + shard->partlyDamaged +
                        "; pack the shards again");
    keepUsableFields(sample.info);
    sample.cls = arrayOf(Cls, 1, 0, state_->dinoWidth);
    sample.patches = arrayOf(Patches, 2, 1, sample.cls.shape[0]);
    sample.latent = arrayOf(Latent, 3, 0, state_->latentChannels);
    sample.text = arrayOf(Text, 2, 1, state_->textWidth);
    const auto& latent = sample.latent.shape;
    if (latent[1] < 1 || latent[1] * entry.bucket.width != latent[2] * entry.bucket.height)
        throw DataError(nameOf(Latent) + " has the shape " + shapeText(latent) + ", which is not that of the bucket " +
                        bucketName(entry.bucket));
    const auto grid = state_->grids.find(bucketName(entry.bucket));
    sample.patchGrid =
        grid != state_->grids.end() ? grid->second : guessGrid(entry.bucket, sample.patches.shape[0], nameOf(Patches));
    if (sample.patchGrid.count() != sample.patches.shape[0])
        throw DataError(nameOf(Patches) + " has " + std::to_string(sample.patches.shape[0]) + " patches instead of " +
                        std::to_string(sample.patchGrid.count()));
    if (parts[TextMask].data() != nullptr)
        sample.text = firstRows(sample.text, validTokens(parseNpy(parts[TextMask], shard->mapped, nameOf(TextMask)),
                                                         sample.text.shape[0], nameOf(TextMask)));
    if (parts[LossMask].data() != nullptr) {
        sample.lossMask = parseNpy(parts[LossMask], shard->mapped, nameOf(LossMask));
        expectLossMask(sample.lossMask, {latent.begin() + 1, latent.end()}, nameOf(LossMask));
    }
    return sample;
}

const fs::path& ShardSet::folder() const
{
    return state_->folder;
}

std::int64_t ShardSet::dinoWidth() const
{
    return state_->dinoWidth;
}

std::int64_t ShardSet::textWidth() const
{
    return state_->textWidth;
}

std::int64_t ShardSet::masked() const
{
    return state_->masked;
}

std::int64_t ShardSet::latentChannels() const
{
    return state_->latentChannels;
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
