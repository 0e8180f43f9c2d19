#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nanodit {

/// A picture's size in pixels.
struct ImageSize {
    std::int64_t width = 0;
    std::int64_t height = 0;
    bool operator==(const ImageSize&) const = default;
    auto operator<=>(const ImageSize&) const = default;
};

/// A grid of patches or latent tokens, row-major.
struct GridSize {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::int64_t count() const { return rows * cols; }
    bool operator==(const GridSize&) const = default;
};

/// A cell of a grid.
struct GridCell {
    std::int64_t row = 0;
    std::int64_t col = 0;
    bool operator==(const GridCell&) const = default;
};

/// A rectangle in pixels, which need not fall on whole ones.
struct PixelBox {
    double left = 0, top = 0, right = 0, bottom = 0;
};

/// The name of a bucket, "1216x832" (width x height), and back. Throws ConfigError for anything else.
std::string bucketName(ImageSize bucket);
ImageSize bucketFromName(const std::string& name);
/// The same for names that others wrote: nothing for what is no size.
std::optional<ImageSize> sizeFromName(std::string_view name);

/// The founding plan's buckets around one megapixel, all multiples of 64.
std::vector<ImageSize> defaultBuckets();

/// The bucket whose aspect ratio is nearest to the image's (by the logarithm of the ratio; the earlier one wins a tie).
ImageSize nearestBucket(ImageSize image, std::span<const ImageSize> buckets);

/// The part of the original, in its own pixels, that the bucket image shows: the largest centred box of the bucket's
/// aspect ratio.
PixelBox bucketCrop(ImageSize original, ImageSize bucket);

/// What the ViT sees of a bucket: side' = round(side / p) * p, so that p divides it. Never less than one patch.
ImageSize dinoInputSize(ImageSize bucket, std::int64_t patchSize);
GridSize dinoGrid(ImageSize bucket, std::int64_t patchSize);

/// Pixels of a picture per latent pixel along each side with the usual autoencoders (Stable Diffusion's, FLUX's), for
/// where the autoencoder itself is not known.
constexpr std::int64_t usualLatentFactor = 8;

/// The grid of the diffusion transformer's tokens: VAE factor x patchify pixels a token.
GridSize latentTokenGrid(ImageSize bucket, std::int64_t vaeFactor = usualLatentFactor, std::int64_t patchify = 2);

/// The piece of the bucket image, in bucket pixels, that a cell of a grid covers.
PixelBox cellBox(ImageSize bucket, GridSize grid, GridCell cell);
/// The cell of a grid that holds a pixel of the bucket image (clamped to the grid).
GridCell cellAt(ImageSize bucket, GridSize grid, double x, double y);
/// The cells of `grid` that a box overlaps by more than a hundredth of a pixel, as first and last (inclusive).
struct CellRange {
    GridCell first, last;
};
CellRange cellsUnder(ImageSize bucket, GridSize grid, const PixelBox& box);

/// Patch counts that pipelines which centre-cropped to 224 pixels left behind: 196 (p = 16) or 256 (p = 14).
bool isCentreCropPatchCount(std::int64_t patches);
/// The part of the bucket image that such a pipeline saw: shortest side resized to 256, centre 224 x 224.
PixelBox oldCentreCrop(ImageSize bucket);

} // namespace nanodit
