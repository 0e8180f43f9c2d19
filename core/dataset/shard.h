#pragma once

#include "core/geometry/bucket.h"
#include "core/io/mapped_file.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

namespace nanodit {

/// The bytes of a sample's entries in its tar; those that it lacks have no address.
struct SampleParts {
    /// What is read, in this order; the text's mask is there only in sets made elsewhere, the loss mask where a picture
    /// has one.
    enum Part { Info, Cls, Patches, Latent, Text, TextMask, LossMask };
    static constexpr std::array extensions = {"json",   "dinov3.npy",  "dinov3_patches.npy", "vae.npy",
                                              "t5.npy", "t5_mask.npy", "loss_mask.npy"};

    std::array<std::span<const std::byte>, extensions.size()> bytes;

    bool has(Part part) const { return bytes[part].data() != nullptr; }
};

/// A tar of a shard set: which samples it holds, and where their entries lie in the mapped file. Any thread.
class Shard {
public:
    /// As a manifest lists it; opened when the first of its samples is read. `bytes`: its size, -1 unknown.
    Shard(std::filesystem::path file, ImageSize bucket, std::vector<std::string> ids, std::int64_t bytes);
    /// The tars below a folder without a manifest, by path, from their headers. Those below folders bucket_WIDTHxHEIGHT
    /// hold samples of that bucket; those that lie anywhere else are of the bucket that each sample's latent has the
    /// shape of. Keys that several tars share have the tar's name before them. Throws DataError.
    static std::vector<std::unique_ptr<Shard>> below(const std::filesystem::path& folder);

    const std::filesystem::path& file() const { return file_; }
    const std::vector<std::string>& ids() const { return ids_; }
    ImageSize bucketOf(std::size_t position) const { return buckets_.empty() ? bucket_ : buckets_[position]; }
    /// Of the sample at a position of ids(). Throws DataError where the tar cannot be read or is not as listed, the
    /// same for all of its samples.
    const SampleParts& parts(std::size_t position);

    // Once a sample's parts were asked for:
    const std::shared_ptr<const MappedFile>& mapped() const { return mapped_; }
    const std::string& partlyDamaged() const { return partlyDamaged_; } ///< Why some samples lack entries, or "".

private:
    void index(bool idsAreKnown);
    std::vector<ImageSize> bucketsByLatents() const;
    static void joinUnknownBuckets(const std::vector<std::unique_ptr<Shard>>& shards);
    static void tellKeysApart(const std::vector<std::unique_ptr<Shard>>& shards, const std::filesystem::path& folder);

    std::filesystem::path file_;
    ImageSize bucket_;
    std::vector<std::string> ids_;
    std::vector<ImageSize> buckets_; ///< Of each sample, where they are not all `bucket_`.
    std::int64_t bytes_ = -1;

    std::once_flag once_;
    std::string damage_; ///< Why it could not be opened.
    std::shared_ptr<const MappedFile> mapped_;
    std::vector<SampleParts> samples_; ///< By position in `ids_`.
    std::string partlyDamaged_;
};

} // namespace nanodit
