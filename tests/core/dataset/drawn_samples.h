#pragma once

#include "core/dataset/shard_writer.h"

#include <filesystem>
#include <string>
#include <vector>

namespace nanodit::test {

inline constexpr ImageSize wide{128, 64};
inline constexpr ImageSize tall{64, 128};

/// An array of pseudo-random numbers around 0, a function of `seed`.
Array drawnArray(DType type, std::vector<std::int64_t> shape, std::uint64_t seed);

/// Samples "a0", "a1"... of one bucket and "b0", "b1"... of another, patches of 16 pixels, widths 6 (DINO) and 5
/// (text), captions of 1 to 4 tokens. Small enough for a thousand a second.
std::vector<ShardSample> drawnSamples(std::int64_t first, ImageSize firstBucket, std::int64_t second,
                                      ImageSize secondBucket);

/// Packs the set "train" below `folder`.
void packed(const std::filesystem::path& folder, const std::vector<ShardSample>& samples);

} // namespace nanodit::test
