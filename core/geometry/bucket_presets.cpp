#include "core/geometry/bucket_presets.h"

#include <algorithm>
#include <cmath>

namespace nanodit {

std::vector<ImageSize> bucketPreset(std::int64_t side)
{
    constexpr std::int64_t unit = 16;
    constexpr double sideOfDefaults = 1024;
    const auto scaled = [side](std::int64_t pixels) {
        const auto units = std::llround(static_cast<double>(pixels * side) / sideOfDefaults / unit);
        return std::max<std::int64_t>(1, units) * unit;
    };
    std::vector<ImageSize> buckets;
    for (const auto bucket : defaultBuckets()) {
        const ImageSize size{.width = scaled(bucket.width), .height = scaled(bucket.height)};
        if (std::ranges::find(buckets, size) == buckets.end())
            buckets.push_back(size);
    }
    return buckets;
}

} // namespace nanodit
