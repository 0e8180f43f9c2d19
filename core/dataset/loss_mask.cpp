#include "core/dataset/loss_mask.h"

#include "core/io/image.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <string>

namespace nanodit {

namespace fs = std::filesystem;

fs::path lossMaskFile(const fs::path& picture)
{
    const auto stem = picture.stem().native() + std::string(lossMaskEnding);
    std::error_code ignored;
    for (const auto* const ending : {".png", ".PNG", ".Png"}) {
        if (auto file = picture.parent_path() / (stem + ending); fs::is_regular_file(file, ignored))
            return file;
    }
    return {};
}

Array lossMask(const fs::path& file, ImageSize picture, ImageSize bucket, GridSize latent)
{
    const auto mask = readImage(file);
    // A mask of another resolution fits as well, one of another shape would lie elsewhere.
    constexpr double tolerance = 0.01;
    const double ratio =
        double(mask.size.width) * double(picture.height) / (double(mask.size.height) * double(picture.width));
    if (std::abs(ratio - 1) > tolerance)
        throw DataError(file.string() + " is a mask of " + bucketName(mask.size) + " pixels for a picture of " +
                        bucketName(picture) + ": draw it with the proportions of the picture, or remove it");
    const auto seen = makeBucketImage(mask, bucket);
    std::vector<float> weights(static_cast<std::size_t>(latent.count()));
    const auto rows = bucket.height / latent.rows, cols = bucket.width / latent.cols;
    double sum = 0;
    for (std::int64_t row = 0; row < latent.rows; ++row) {
        for (std::int64_t col = 0; col < latent.cols; ++col) {
            std::int64_t brightness = 0;
            for (std::int64_t y = row * rows; y < (row + 1) * rows; ++y) {
                for (std::int64_t x = col * cols; x < (col + 1) * cols; ++x)
                    brightness += *seen.at(x, y);
            }
            auto& weight = weights[static_cast<std::size_t>(row * latent.cols + col)];
            weight = static_cast<float>(double(brightness) / (255.0 * double(rows * cols)));
            sum += weight;
        }
    }
    constexpr double leastSum = 1e-3; // of one latent pixel: less is the rounding of a black mask
    if (sum < leastSum)
        throw DataError(file.string() + " is black in all that the bucket " + bucketName(bucket) +
                        " shows of the picture, so that nothing of it would be learnt: paint what counts in white, or "
                        "remove the mask");
    std::vector<std::byte> bytes(weights.size() * sizeof(float));
    std::memcpy(bytes.data(), weights.data(), bytes.size());
    return arrayOf(DType::F32, {latent.rows, latent.cols}, std::move(bytes));
}

} // namespace nanodit
