#include "core/geometry/bucket.h"

#include "core/runtime/error.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

namespace nanodit {

std::string bucketName(ImageSize bucket)
{
    return std::to_string(bucket.width) + "x" + std::to_string(bucket.height);
}

ImageSize bucketFromName(const std::string& name)
{
    if (const auto size = sizeFromName(name))
        return *size;
    throw ConfigError("bucket \"" + name + "\" is not WIDTHxHEIGHT in pixels, for example 1216x832");
}

std::optional<ImageSize> sizeFromName(std::string_view name)
{
    ImageSize size;
    const char* const end = name.data() + name.size();
    const auto [afterWidth, widthError] = std::from_chars(name.data(), end, size.width);
    if (widthError != std::errc{} || afterWidth == end || *afterWidth != 'x')
        return std::nullopt;
    const auto [afterHeight, heightError] = std::from_chars(afterWidth + 1, end, size.height);
    if (heightError != std::errc{} || afterHeight != end || size.width <= 0 || size.height <= 0)
        return std::nullopt;
    constexpr std::int64_t longest = std::int64_t{1} << 30; // so that counts of pixels fit into 64 bits
    return size.width <= longest && size.height <= longest ? std::optional(size) : std::nullopt;
}

std::vector<ImageSize> defaultBuckets()
{
    return {{1024, 1024}, {1216, 832}, {832, 1216}, {1280, 768}, {768, 1280}, {1344, 704}, {704, 1344}};
}

ImageSize nearestBucket(ImageSize image, std::span<const ImageSize> buckets)
{
    const double wanted = std::log(static_cast<double>(image.width) / static_cast<double>(image.height));
    ImageSize best;
    double bestDistance = std::numeric_limits<double>::infinity();
    for (const auto bucket : buckets) {
        const double distance =
            std::abs(std::log(static_cast<double>(bucket.width) / static_cast<double>(bucket.height)) - wanted);
        if (distance < bestDistance - 1e-12) {
            best = bucket;
            bestDistance = distance;
        }
    }
    return best;
}

PixelBox bucketCrop(ImageSize original, ImageSize bucket)
{
    const auto width = static_cast<double>(original.width);
    const auto height = static_cast<double>(original.height);
    const double scale =
        std::max(static_cast<double>(bucket.width) / width, static_cast<double>(bucket.height) / height);
    const double seenWidth = static_cast<double>(bucket.width) / scale;
    const double seenHeight = static_cast<double>(bucket.height) / scale;
    const double left = (width - seenWidth) / 2;
    const double top = (height - seenHeight) / 2;
    return {.left = left, .top = top, .right = left + seenWidth, .bottom = top + seenHeight};
}

ImageSize dinoInputSize(ImageSize bucket, std::int64_t patchSize)
{
    const auto nearest = [patchSize](std::int64_t side) {
        const double patches = std::round(static_cast<double>(side) / static_cast<double>(patchSize));
        return std::max<std::int64_t>(1, static_cast<std::int64_t>(patches)) * patchSize;
    };
    return {.width = nearest(bucket.width), .height = nearest(bucket.height)};
}

GridSize dinoGrid(ImageSize bucket, std::int64_t patchSize)
{
    const auto input = dinoInputSize(bucket, patchSize);
    return {.rows = input.height / patchSize, .cols = input.width / patchSize};
}

GridSize latentTokenGrid(ImageSize bucket, std::int64_t vaeFactor, std::int64_t patchify)
{
    const auto pixels = vaeFactor * patchify;
    return {.rows = bucket.height / pixels, .cols = bucket.width / pixels};
}

PixelBox cellBox(ImageSize bucket, GridSize grid, GridCell cell)
{
    const double cellWidth = static_cast<double>(bucket.width) / static_cast<double>(grid.cols);
    const double cellHeight = static_cast<double>(bucket.height) / static_cast<double>(grid.rows);
    const auto row = static_cast<double>(cell.row);
    const auto col = static_cast<double>(cell.col);
    return {.left = col * cellWidth,
            .top = row * cellHeight,
            .right = (col + 1) * cellWidth,
            .bottom = (row + 1) * cellHeight};
}

GridCell cellAt(ImageSize bucket, GridSize grid, double x, double y)
{
    const auto index = [](double at, std::int64_t side, std::int64_t cells) {
        const double cell = std::floor(at * static_cast<double>(cells) / static_cast<double>(side));
        return std::clamp<std::int64_t>(static_cast<std::int64_t>(cell), 0, cells - 1);
    };
    return {.row = index(y, bucket.height, grid.rows), .col = index(x, bucket.width, grid.cols)};
}

CellRange cellsUnder(ImageSize bucket, GridSize grid, const PixelBox& box)
{
    constexpr double touch = 0.01;
    return {.first = cellAt(bucket, grid, box.left + touch, box.top + touch),
            .last = cellAt(bucket, grid, box.right - touch, box.bottom - touch)};
}

bool isCentreCropPatchCount(std::int64_t patches)
{
    return patches == 196 || patches == 256;
}

PixelBox oldCentreCrop(ImageSize bucket)
{
    const auto width = static_cast<double>(bucket.width);
    const auto height = static_cast<double>(bucket.height);
    const double side = std::min(width, height) * 224.0 / 256.0;
    const double left = (width - side) / 2;
    const double top = (height - side) / 2;
    return {.left = left, .top = top, .right = left + side, .bottom = top + side};
}

} // namespace nanodit
