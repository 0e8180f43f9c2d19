#pragma once

#include "core/dataset/shard_sample.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

/// Packs samples into a shard set: FOLDER/SET/bucket_WxH/shard-000000.tar, in the webdataset layout, and
/// FOLDER/SET/shards.json (counts, ids, sha256 of every shard, encoder fingerprints, mean and deviation of the DINO
/// conditions). Everything is written below a temporary name; finish() puts the set in place whole. Equal input gives
/// equal bytes. One thread.
class ShardSetWriter {
public:
    struct Options {
        std::int64_t shardSize = 1000; ///< Samples a tar.
        bool overwrite = false;        ///< Replace a set of this name; without it, an existing one is a StoreError.
        nlohmann::json encoders = nlohmann::json::object(); ///< {"dino": {"fingerprint": ...}, "t5": ..., "vae": ...}
    };
    ShardSetWriter(const std::filesystem::path& folder, const std::string& set, Options options);
    ~ShardSetWriter();

    /// Samples of any bucket in any order. Arrays of F16, BF16 or F32, kept in that type. Throws DataError, naming the
    /// sample, when a shape contradicts the bucket, the grid or earlier samples, when the id was added before or cannot
    /// name an entry, or when a value is not finite; nothing of that sample is then written and the writer may go on.
    void add(const ShardSample& sample);
    std::int64_t samples() const;

    struct Summary {
        std::int64_t samples = 0;
        std::int64_t shards = 0;
        std::int64_t bytes = 0;
    };
    /// Completes the set and puts it in place. Without it nothing remains. Throws DataError when no sample was added.
    Summary finish();

private:
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace nanodit
