#include "core/dataset/shard.h"

#include "core/dataset/folder_walk.h"
#include "core/dataset/record.h"
#include "core/io/file_kind.h"
#include "core/io/npy.h"
#include "core/io/tar.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

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
        throw DataError(folder.string() + " could not be read: " + error.message());
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

} // namespace

Shard::Shard(fs::path file, ImageSize bucket, std::vector<std::string> ids, std::int64_t bytes)
    : file_(std::move(file))
    , bucket_(bucket)
    , ids_(std::move(ids))
    , bytes_(bytes)
{
}

std::vector<std::unique_ptr<Shard>> Shard::below(const fs::path& folder)
{
    std::vector<std::unique_ptr<Shard>> shards;
    for (const auto& file : tarsBelow(folder)) {
        if (const auto kind = fileKindOf(file); kind >= FileKind::Gzip && kind <= FileKind::Zstandard)
            throw DataError(file.string() + " is compressed, and shards are read in place: decompress it");
        auto& shard = *shards.emplace_back(std::make_unique<Shard>(file, ImageSize{}, std::vector<std::string>{}, -1));
        std::call_once(shard.once_, [&shard] { shard.index(false); });
        if (const auto bucket = bucketByFolder(file.lexically_relative(folder)))
            shard.bucket_ = *bucket;
        else
            shard.buckets_ = shard.bucketsByLatents();
    }
    joinUnknownBuckets(shards);
    tellKeysApart(shards, folder);
    return shards;
}

/// Where keys are the same, as when each tar counts from 0, the tar's name stands before them, and behind those that
/// one tar has several times a number.
void Shard::tellKeysApart(const std::vector<std::unique_ptr<Shard>>& shards, const fs::path& folder)
{
    std::unordered_map<std::string, int> uses;
    for (const auto& shard : shards) {
        for (const auto& id : shard->ids_)
            ++uses[id];
    }
    std::unordered_map<std::string, int> given;
    for (auto& shard : shards) {
        const auto tar = shard->file_.lexically_relative(folder).replace_extension().generic_string();
        for (auto& id : shard->ids_) {
            const auto name = uses[id] > 1 ? tar + "/" + id : id;
            id = idFromName(name);
            while (const int before = given[id]++)
                id = idFromName(name + "-" + std::to_string(before + 1));
        }
    }
}

/// {0, 0} where a latent cannot be read.
std::vector<ImageSize> Shard::bucketsByLatents() const
{
    std::vector<ImageSize> buckets;
    for (std::size_t i = 0; i < samples_.size(); ++i) {
        auto& bucket = buckets.emplace_back();
        const auto bytes = samples_[i].bytes[SampleParts::Latent];
        if (bytes.data() == nullptr)
            continue;
        try {
            const auto shape = parseNpyHeader(bytes, ids_[i]).shape;
            constexpr std::int64_t longest = std::int64_t{1} << 24; // of nothing, a header may claim any length
            if (shape.size() == 3 && shape[1] <= longest && shape[2] <= longest)
                bucket = {.width = shape[2] * usualLatentFactor, .height = shape[1] * usualLatentFactor};
        } catch (const DataError&) { // Reading the sample tells what is wrong with it.
        }
    }
    return buckets;
}

/// Samples of which nothing tells the bucket stand among those of the first, where reading them names the damage.
void Shard::joinUnknownBuckets(const std::vector<std::unique_ptr<Shard>>& shards)
{
    ImageSize known;
    for (const auto& shard : shards) {
        for (const auto& bucket : shard->buckets_)
            known = known == ImageSize{} ? bucket : known;
        known = known == ImageSize{} ? shard->bucket_ : known;
    }
    for (auto& shard : shards)
        std::ranges::replace(shard->buckets_, ImageSize{}, known);
}

/// Maps the tar and finds every sample's entries. A damaged stretch costs the samples that it holds something of.
/// Throws DataError.
void Shard::index(bool idsAreKnown)
{
    const auto mapped = MappedFile::open(file_);
    const auto name = file_.string();
    if (bytes_ >= 0 && static_cast<std::size_t>(bytes_) != mapped->bytes().size())
        throw DataError(name + " has " + std::to_string(mapped->bytes().size()) + " bytes instead of " +
                        std::to_string(bytes_) + "; pack the shards again");
    std::vector<TarDamage> damages;
    std::vector<std::string> keys;
    std::vector<SampleParts> samples;
    for (const auto& sample : readDamagedWebdataset(mapped->bytes(), mapped, name, damages)) {
        keys.push_back(idsAreKnown ? sample.key : idFromName(sample.key));
        auto& parts = samples.emplace_back();
        for (std::size_t part = 0; part < SampleParts::extensions.size(); ++part)
            if (const auto* const file = sample.find(SampleParts::extensions[part]))
                parts.bytes[part] = file->data.empty() ? mapped->bytes().first(0) : file->data;
    }
    if (keys.empty() && !damages.empty())
        throw DataError(damages.front().reason);
    if (keys.empty() && !idsAreKnown)
        throw DataError(name + " holds no samples: its download or copy was interrupted, or it is no shard; fetch it "
                               "again, or remove it");
    if (idsAreKnown && damages.empty() && keys != ids_)
        throw DataError(name + " does not hold the samples that shards.json lists; pack the shards again");
    if (idsAreKnown && !damages.empty()) {
        std::unordered_map<std::string, SampleParts> found;
        for (std::size_t i = 0; i < keys.size(); ++i)
            found.emplace(keys[i], samples[i]);
        keys = ids_;
        samples.clear();
        for (const auto& id : keys)
            samples.push_back(found[id]); // One that is wholly lost has no parts.
    }
    for (const auto& damage : damages)
        partlyDamaged_ += (partlyDamaged_.empty() ? " (of the archive, bytes " : ", ") + std::to_string(damage.from) +
                          " to " + std::to_string(damage.to);
    if (!damages.empty())
        partlyDamaged_ += " cannot be read)";
    ids_ = std::move(keys);
    samples_ = std::move(samples);
    mapped_ = mapped;
}

const SampleParts& Shard::parts(std::size_t position)
{
    std::call_once(once_, [this] {
        try {
            index(true);
        } catch (const DataError& error) {
            damage_ = error.what();
            if (ids_.size() > 1) // each of them is told so
                damage_ += " (none of its " + std::to_string(ids_.size()) + " samples can be read)";
        }
    });
    if (!damage_.empty())
        throw DataError(damage_);
    return samples_[position];
}

} // namespace nanodit
