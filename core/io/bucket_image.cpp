#include "core/io/cubic.h"
#include "core/io/image.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace nanodit {

namespace {

/// For one target pixel: the source pixels that it gathers and their weights, which sum to 1.
struct Taps {
    std::int64_t first = 0;
    std::vector<float> weights;
};

/// Taps along one axis, for `count` target pixels over [begin, end) of a source `side` pixels long. When the source is
/// denser than the target the kernel is widened to its pixel distance, which is what keeps shrinking free of aliases.
std::vector<Taps> tapsAlong(std::int64_t side, double begin, double end, std::int64_t count)
{
    const double step = (end - begin) / static_cast<double>(count);
    const double spread = std::max(step, 1.0);
    const double reach = 2 * spread;
    std::vector<Taps> taps(static_cast<std::size_t>(count));
    for (std::int64_t target = 0; target < count; ++target) {
        const double centre = begin + (static_cast<double>(target) + 0.5) * step;
        const auto first = std::max<std::int64_t>(0, std::llround(std::floor(centre - reach + 0.5)));
        const auto last = std::min<std::int64_t>(side, std::llround(std::floor(centre + reach + 0.5)));
        auto& tap = taps[static_cast<std::size_t>(target)];
        tap.first = first;
        std::vector<double> weights;
        double sum = 0;
        for (auto source = first; source < last; ++source) {
            weights.push_back(keysCubic((static_cast<double>(source) + 0.5 - centre) / spread));
            sum += weights.back();
        }
        for (const double weight : weights)
            tap.weights.push_back(static_cast<float>(weight / sum));
    }
    return taps;
}

/// Row `y` of the source, resized to the width of `columns`: 3 * width floats.
void resizeRow(const Image& source, std::int64_t y, const std::vector<Taps>& columns, float* target)
{
    for (const auto& tap : columns) {
        const auto* pixel = source.at(tap.first, y);
        float red = 0, green = 0, blue = 0;
        for (const float weight : tap.weights) {
            red += weight * static_cast<float>(pixel[0]);
            green += weight * static_cast<float>(pixel[1]);
            blue += weight * static_cast<float>(pixel[2]);
            pixel += 3;
        }
        *target++ = red;
        *target++ = green;
        *target++ = blue;
    }
}

} // namespace

Image makeBucketImage(const Image& original, ImageSize bucket)
{
    if (original.empty() || bucket.width < 1 || bucket.height < 1)
        throw DataError("a picture of " + bucketName(original.size) + " cannot fill the bucket " + bucketName(bucket));
    return resampleBox(original, bucketCrop(original.size, bucket), bucket);
}

Image resampleBox(const Image& original, const PixelBox& box, ImageSize size)
{
    const auto columns = tapsAlong(original.size.width, box.left, box.right, size.width);
    const auto rows = tapsAlong(original.size.height, box.top, box.bottom, size.height);

    const auto rowLength = static_cast<std::size_t>(3 * size.width);
    std::size_t mostRows = 0;
    for (const auto& tap : rows)
        mostRows = std::max(mostRows, tap.weights.size());
    // Rows already resized in width, in a ring: target rows go down, so each source row is resized once.
    std::vector<float> ring(mostRows * rowLength);
    const auto ringRow = [&](std::int64_t y) {
        return ring.data() + static_cast<std::size_t>(y) % mostRows * rowLength;
    };

    Image image{.size = size, .rgb = std::vector<std::uint8_t>(rowLength * static_cast<std::size_t>(size.height))};
    std::vector<float> sums(rowLength);
    std::int64_t nextRow = rows.front().first;
    for (std::int64_t y = 0; y < size.height; ++y) {
        const auto& tap = rows[static_cast<std::size_t>(y)];
        const auto end = tap.first + static_cast<std::int64_t>(tap.weights.size());
        for (nextRow = std::max(nextRow, tap.first); nextRow < end; ++nextRow)
            resizeRow(original, nextRow, columns, ringRow(nextRow));
        std::fill(sums.begin(), sums.end(), 0.f);
        for (auto source = tap.first; source < end; ++source) {
            const float weight = tap.weights[static_cast<std::size_t>(source - tap.first)];
            const float* const row = ringRow(source);
            for (std::size_t i = 0; i < rowLength; ++i)
                sums[i] += weight * row[i];
        }
        auto* const target = image.at(0, y);
        for (std::size_t i = 0; i < rowLength; ++i)
            target[i] = static_cast<std::uint8_t>(std::clamp(std::floor(sums[i] + 0.5f), 0.f, 255.f));
    }
    return image;
}

} // namespace nanodit
