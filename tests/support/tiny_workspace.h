#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/dataset/pass.h"
#include "core/dataset/shard_writer.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/geometry/bucket.h"
#include "core/io/image.h"
#include "core/io/npy.h"
#include "core/io/tensor.h"
#include "tests/support/test_data.h"

#include <nlohmann/json.hpp>

namespace nanodit::test {

/// A workspace that can be trained and sampled on without its encoders having run: shards "train" and "val" of random
/// arrays in two buckets, an untrained autoencoder, the DINO encoder's config.json, and one record with stored arrays.
struct TinyWorkspace {
    explicit TinyWorkspace(float latentScale = 1);

    TemporaryFolder folder;
    Workspace workspace;

    static constexpr ImageSize square{64, 64}, wide{96, 48};
    static constexpr std::int64_t textWidth = 12, dinoWidth = 12, latentChannels = 4;

private:
    ShardSample sample(const std::string& id, ImageSize bucket, float latentScale) const;
    void writeSet(const std::string& set, std::int64_t samples, float latentScale) const;
    void writeEncoders() const;
    void addRecord() const;
};

inline TinyWorkspace::TinyWorkspace(float latentScale)
{
    at::manual_seed(11);
    WorkspaceConfig config;
    config.buckets = {square, wide};
    config.textTokens = 8;
    config.vae = "models/vae";
    config.dinoEncoder = "models/dino";
    workspace = Workspace::create(folder / "workspace", config);
    writeSet("train", 12, latentScale);
    writeSet("val", 3, latentScale);
    writeEncoders();
    addRecord();
}

inline ShardSample TinyWorkspace::sample(const std::string& id, ImageSize bucket, float latentScale) const
{
    ShardSample s;
    s.id = id;
    s.bucket = bucket;
    s.patchGrid = dinoGrid(bucket, 16);
    s.info = {{"caption", "a drawing of " + id}};
    s.cls = arrayFromTensor(at::randn({dinoWidth}) * 3 + 1);
    s.patches = arrayFromTensor((at::randn({s.patchGrid.count(), dinoWidth}) * 2 - 1).to(at::kHalf));
    s.latent = arrayFromTensor(at::randn({latentChannels, bucket.height / 8, bucket.width / 8}) * latentScale);
    s.text = arrayFromTensor(at::randn({3 + static_cast<std::int64_t>(id.size()) % 4, textWidth}).to(at::kHalf));
    return s;
}

inline void TinyWorkspace::writeSet(const std::string& set, std::int64_t samples, float latentScale) const
{
    ShardSetWriter writer(workspace.shardsFolder(), set, {});
    for (std::int64_t i = 0; i < samples; ++i)
        writer.add(sample(set + std::to_string(i), i % 3 == 2 ? wide : square, latentScale));
    writer.finish();
}

inline void TinyWorkspace::writeEncoders() const
{
    AutoencoderConfig vae;
    vae.blockOutChannels = {4, 4, 4, 4};
    vae.layersPerBlock = 1;
    vae.latentChannels = latentChannels;
    vae.normNumGroups = 2;
    vae.midBlockAddAttention = false;
    AutoencoderKl(vae, initialAutoencoderWeights(vae, 1)).save(workspace.path("models/vae"), false);
    DinoConfig dino;
    dino.width = dinoWidth;
    dino.heads = 1;
    dino.layers = 1;
    dino.mlpWidth = 8;
    writeText(workspace.path("models/dino") / "config.json", dino.toJson().dump());
}

inline void TinyWorkspace::addRecord() const
{
    const auto picture = workspace.imagesFolder() / "val0.png";
    std::filesystem::create_directories(picture.parent_path());
    writePng(picture, {.size = square, .rgb = std::vector<std::uint8_t>(3 * 64 * 64, 90)});
    Record record;
    record.id = "val0";
    record.image = picture;
    record.caption = "a drawing";
    record.split = "val";
    record.original = record.bucket = square;
    Catalog::open(workspace).put(record);
    const auto s = sample("val0", square, 1);
    const std::array<const Array*, 4> arrays = {&s.text, &s.latent, &s.cls, &s.patches};
    for (std::size_t i = 0; i < arrays.size(); ++i)
        writeNpy(workspace.derivedFolder() / arrayFolderNames[i] / "val0.npy", *arrays[i]);
}

} // namespace nanodit::test
