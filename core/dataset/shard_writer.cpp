#include "core/dataset/shard_writer.h"

#include "core/dataset/dino_statistics.h"
#include "core/dataset/record.h"
#include "core/io/archive_writer.h"
#include "core/io/atomic_file.h"
#include "core/io/float_values.h"
#include "core/io/npy.h"
#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <set>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using nlohmann::json;

namespace {

std::string shardFileName(std::int64_t number)
{
    char name[32];
    std::snprintf(name, sizeof name, "shard-%06lld.tar", static_cast<long long>(number));
    return name;
}

/// A tar that is being filled.
class OpenShard {
public:
    OpenShard(const fs::path& setFolder, std::string relative, std::string bucket)
        : relative_(std::move(relative))
        , bucket_(std::move(bucket))
        , file_(setFolder / relative_)
        , tar_(ArchiveFormat::Tar, [this](std::span<const std::byte> piece) {
            file_.write(piece);
            sum_.update(piece);
            bytes_ += static_cast<std::int64_t>(piece.size());
        })
    {
    }

    void add(const std::string& id, const std::vector<std::pair<std::string, std::vector<std::byte>>>& entries)
    {
        for (const auto& [extension, content] : entries)
            tar_.add(id + extension, content);
        ids_.push_back(id);
    }
    std::int64_t samples() const { return static_cast<std::int64_t>(ids_.size()); }

    /// The shard's line in shards.json.
    json close()
    {
        tar_.finish();
        file_.commit();
        return {{"file", relative_}, {"bucket", bucket_},    {"samples", samples()},
                {"bytes", bytes_},   {"sha256", sum_.hex()}, {"ids", ids_}};
    }

private:
    std::string relative_;
    std::string bucket_;
    AtomicFile file_;
    Sha256 sum_;
    std::int64_t bytes_ = 0;
    std::vector<std::string> ids_;
    ArchiveWriter tar_; // Last: it goes first, while what it writes into still stands.
};

std::vector<std::byte> bytesOf(const std::string& text)
{
    const auto bytes = std::as_bytes(std::span(text.data(), text.size()));
    return {bytes.begin(), bytes.end()};
}

} // namespace

struct ShardSetWriter::State {
    State(const fs::path& parent, std::string name, Options given)
        : options(std::move(given))
        , set(std::move(name))
        , folder(parent / set)
    {
    }

    Options options;
    std::string set;
    AtomicFolder folder;
    std::map<ImageSize, std::unique_ptr<OpenShard>> open;
    std::map<ImageSize, std::int64_t> shardsOf;
    std::map<ImageSize, GridSize> grids;
    std::set<std::string> ids;
    ChannelMoments cls, patches;
    std::int64_t dinoWidth = 0, textWidth = 0, latentChannels = 0;
    std::map<std::string, std::int64_t> certificates; ///< Samples by verdict.
    std::int64_t masked = 0;                          ///< Samples with a loss mask.
    json closed = json::array();

    void check(const ShardSample& sample) const;
    void checkArray(const ShardSample& sample, const char* what, const Array& array, bool shapeFits,
                    const std::string& expected) const;
    OpenShard& shardFor(ImageSize bucket);
    void close(ImageSize bucket);
};

void ShardSetWriter::State::checkArray(const ShardSample& sample, const char* what, const Array& array, bool shapeFits,
                                       const std::string& expected) const
{
    const auto about = "sample " + sample.id + ": " + what;
    if (!isFloating(array.dtype) || array.dtype == DType::F64)
        throw DataError(about + " has elements of type " + dtypeName(array.dtype) +
                        "; float16, bfloat16 or float32 is expected");
    if (!shapeFits)
        throw DataError(about + " has the shape " + shapeText(array.shape) + "; " + expected + " is expected");
    if (!allFinite(array))
        throw DataError(about + " contains infinite values or NaN");
}

void ShardSetWriter::State::check(const ShardSample& sample) const
{
    if (!isSafeId(sample.id))
        throw DataError("\"" + sample.id + "\" cannot name a sample: letters, digits, '-' and '_' can");
    if (ids.contains(sample.id))
        throw DataError("sample " + sample.id + " was packed before");
    const auto fits = [](const Array& array, std::size_t dimensions, std::size_t axis, std::int64_t known) {
        return array.shape.size() == dimensions && array.elements() > 0 && (known == 0 || array.shape[axis] == known);
    };
    const auto expected = [](const char* before, std::int64_t known, const char* after) {
        std::string text = before;
        text += known == 0 ? "width" : std::to_string(known);
        return text += after;
    };
    checkArray(sample, "dinov3", sample.cls, fits(sample.cls, 1, 0, dinoWidth), expected("[", dinoWidth, "]"));
    const auto patchCount = sample.patchGrid.count();
    const bool patchesFit = fits(sample.patches, 2, 1, sample.cls.shape[0]) && sample.patches.shape[0] == patchCount;
    checkArray(sample, "dinov3_patches", sample.patches, patchesFit,
               shapeText(std::array{patchCount, sample.cls.shape[0]}));
    const bool latentFits =
        fits(sample.latent, 3, 0, latentChannels) && sample.bucket.height % sample.latent.shape[1] == 0 &&
        sample.latent.shape[1] * sample.bucket.width == sample.latent.shape[2] * sample.bucket.height;
    checkArray(sample, "vae", sample.latent, latentFits,
               expected("[", latentChannels, ", H/8, W/8] of the bucket ") + bucketName(sample.bucket));
    checkArray(sample, "t5", sample.text, fits(sample.text, 2, 1, textWidth), expected("[tokens, ", textWidth, "]"));
    if (!sample.lossMask.shape.empty())
        checkArray(sample, "loss_mask", sample.lossMask,
                   sample.lossMask.shape == std::vector(sample.latent.shape.begin() + 1, sample.latent.shape.end()),
                   "[H/8, W/8] of its latent");
    const auto grid = grids.find(sample.bucket);
    if (grid != grids.end() && grid->second != sample.patchGrid)
        throw DataError("sample " + sample.id + ": its patch grid " + std::to_string(sample.patchGrid.rows) + "x" +
                        std::to_string(sample.patchGrid.cols) + " is not the one that others of the bucket " +
                        bucketName(sample.bucket) + " have");
}

OpenShard& ShardSetWriter::State::shardFor(ImageSize bucket)
{
    auto& shard = open[bucket];
    if (!shard) {
        const auto name = bucketName(bucket);
        shard = std::make_unique<OpenShard>(folder.path(), "bucket_" + name + "/" + shardFileName(shardsOf[bucket]++),
                                            name);
    }
    return *shard;
}

void ShardSetWriter::State::close(ImageSize bucket)
{
    const auto shard = open.find(bucket);
    closed.push_back(shard->second->close());
    open.erase(shard);
}

ShardSetWriter::ShardSetWriter(const fs::path& folder, const std::string& set, Options options)
    : state_(std::make_unique<State>(folder, set, std::move(options)))
{
    if (state_->options.shardSize < 1)
        throw UsageError("a shard of " + std::to_string(state_->options.shardSize) + " samples cannot be packed");
    if (!state_->options.overwrite && fs::exists(folder / set))
        throw StoreError((folder / set).string() + " exists already", remedy::PackShards{.replace = true});
    removeAbandonedTemporaries(folder); // A killed packing may have left as much as a whole set.
}

ShardSetWriter::~ShardSetWriter() = default;

std::int64_t ShardSetWriter::samples() const
{
    return static_cast<std::int64_t>(state_->ids.size());
}

void ShardSetWriter::add(const ShardSample& sample)
{
    auto& state = *state_;
    state.check(sample);
    auto info = sample.info;
    info["id"] = sample.id;
    info["aspect_bucket"] = bucketName(sample.bucket);
    info["patch_grid"] = {sample.patchGrid.rows, sample.patchGrid.cols};
    auto& shard = state.shardFor(sample.bucket);
    std::vector<std::pair<std::string, std::vector<std::byte>>> entries = {
        {".json", bytesOf(info.dump())},
        {".dinov3.npy", npyBytes(sample.cls)},
        {".dinov3_patches.npy", npyBytes(sample.patches)},
        {".vae.npy", npyBytes(sample.latent)},
        {".t5.npy", npyBytes(sample.text)}};
    if (!sample.lossMask.shape.empty()) {
        entries.emplace_back(".loss_mask.npy", npyBytes(sample.lossMask));
        ++state.masked;
    }
    shard.add(sample.id, entries);
    state.ids.insert(sample.id);
    const auto certificate = info.find("certificate");
    ++state.certificates[certificate != info.end() && certificate->is_object() ? certificate->value("verdict", "none")
                                                                               : "none"];
    state.grids.emplace(sample.bucket, sample.patchGrid);
    state.dinoWidth = sample.cls.shape[0];
    state.latentChannels = sample.latent.shape[0];
    state.textWidth = sample.text.shape[1];
    state.cls.add(floatsOf(sample.cls), state.dinoWidth);
    state.patches.add(floatsOf(sample.patches), state.dinoWidth);
    if (shard.samples() >= state.options.shardSize)
        state.close(sample.bucket);
}

ShardSetWriter::Summary ShardSetWriter::finish()
{
    auto& state = *state_;
    if (state.ids.empty())
        throw DataError("the set " + state.set + " has no sample to pack");
    while (!state.open.empty())
        state.close(state.open.begin()->first);
    std::sort(state.closed.begin(), state.closed.end(),
              [](const json& a, const json& b) { return a["file"].get<std::string>() < b["file"].get<std::string>(); });

    const DinoStatistics statistics{.cls = state.cls.statistics(), .patches = state.patches.statistics()};
    json grids = json::object();
    for (const auto& [bucket, grid] : state.grids)
        grids[bucketName(bucket)] = {grid.rows, grid.cols};
    const json manifest = {{"format", 1},
                           {"set", state.set},
                           {"samples", samples()},
                           {"dino_width", state.dinoWidth},
                           {"text_width", state.textWidth},
                           {"latent_channels", state.latentChannels},
                           {"patch_grids", grids},
                           {"encoders", state.options.encoders},
                           {"certificates", state.certificates},
                           {"masked", state.masked},
                           {"dino_statistics", statistics.toJson()},
                           {"shards", state.closed}};
    writeFileAtomically(state.folder.path() / "shards.json", manifest.dump(1) + "\n");
    if (state.options.overwrite)
        state.folder.commitReplacing();
    else
        state.folder.commit();
    Summary summary{.samples = samples(), .shards = static_cast<std::int64_t>(state.closed.size()), .bytes = 0};
    for (const auto& shard : state.closed)
        summary.bytes += shard["bytes"].get<std::int64_t>();
    return summary;
}

} // namespace nanodit
