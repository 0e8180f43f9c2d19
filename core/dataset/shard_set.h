#pragma once

#include "core/dataset/dino_statistics.h"
#include "core/dataset/shard_sample.h"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace nanodit {

/// A shard set on disk, its tars mapped when first needed. Any thread.
class ShardSet {
public:
    /// `folder`: data/shards/<set>. Reads shards.json; a folder of webdataset shards without one is indexed by reading
    /// the headers of every tar below it, and has no statistics: their buckets are those of their folders
    /// (bucket_WIDTHxHEIGHT), elsewhere of their latents' shape times 8. Where a tar is damaged, what can be read of it
    /// stays, from the next whole header on. Throws DataError.
    static std::shared_ptr<const ShardSet> open(const std::filesystem::path& folder);
    ~ShardSet();

    struct Entry {
        std::string id;
        ImageSize bucket;
    };
    /// In the order of the shards.
    std::span<const Entry> entries() const;
    std::optional<std::int64_t> find(const std::string& id) const;

    /// One sample, its arrays in the mapped tar. Text padded to a full length is cut to its valid tokens (t5_mask).
    /// Throws DataError naming shard and sample when it is damaged, incomplete, of the wrong shape or not finite;
    /// whether numbers are finite is not looked at with Check::Shapes.
    enum class Check { Everything, Shapes };
    ShardSample read(std::int64_t index, Check check = Check::Everything) const;
    /// The CLS of one sample, [dinoWidth], of which nothing else is read from the disk. Throws DataError where it is
    /// damaged, missing or of the wrong shape; whether its numbers are finite is not looked at.
    Array readCls(std::int64_t index) const;

    const std::filesystem::path& folder() const;
    std::int64_t dinoWidth() const;
    std::int64_t textWidth() const;
    std::int64_t latentChannels() const;
    std::int64_t masked() const; ///< Samples with a loss mask, as shards.json counts them; 0 where there is none.
    const DinoStatistics& dinoStatistics() const; ///< Empty where there is no shards.json.
    const nlohmann::json& encoders() const;       ///< As given to ShardSetWriter.

private:
    ShardSet();
    ShardSample firstReadable() const;
    struct State;
    std::unique_ptr<State> state_;
};

} // namespace nanodit
