#include "core/dataset/loss_mask.h"

#include "core/io/comparable_name.h"
#include "core/io/image.h"
#include "core/io/lower_case.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

namespace nanodit {

namespace fs = std::filesystem;

std::string lossMaskedStem(const std::string& stem)
{
    const bool named = stem.size() > lossMaskEnding.size() && lowerCased(stem).ends_with(lossMaskEnding);
    return named ? stem.substr(0, stem.size() - lossMaskEnding.size()) : std::string();
}

fs::path LossMasks::of(const fs::path& picture)
{
    const auto folder = picture.parent_path();
    std::error_code unknown;
    const auto changed = fs::last_write_time(folder, unknown);
    auto& known = folders_[folder];
    if (known.changed != changed)
        known = {.changed = changed, .masks = listed(folder)};
    const auto found = known.masks.find(picture.stem().native());
    return found == known.masks.end() ? fs::path() : folder / found->second;
}

LossMasks::Masks LossMasks::listed(const fs::path& folder)
{
    std::vector<std::string> pictures;
    std::set<fs::path, std::greater<>> files; // .png before .PNG
    std::error_code error, ignored;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const auto name = it->path().filename();
        if (!isImageFile(name))
            continue;
        pictures.push_back(name.stem().native());
        if (lowerCased(name.extension().native()) == ".png" && !lossMaskedStem(name.stem().native()).empty() &&
            it->is_regular_file(ignored))
            files.insert(name);
    }
    Masks masks;
    std::map<std::string, std::set<fs::path>> byMeaning;
    for (const auto& file : files) {
        const auto stem = lossMaskedStem(file.stem().native());
        masks.emplace(stem, file);
        byMeaning[comparableName(stem)].insert(file);
    }
    if (masks.empty())
        return masks;
    std::map<std::string, std::set<std::string>> picturesByMeaning;
    for (const auto& stem : pictures)
        picturesByMeaning[comparableName(stem)].insert(stem);
    for (const auto& [meaning, own] : byMeaning) {
        const auto& stems = picturesByMeaning[meaning];
        if (own.size() == 1 && stems.size() == 1)
            masks.emplace(*stems.begin(), *own.begin());
    }
    return masks;
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
        throw DataError(file.string() + " is black over all of the picture that the bucket " + bucketName(bucket) +
                        " shows, so nothing would be learnt from it: paint what counts in white, or remove the mask");
    std::vector<std::byte> bytes(weights.size() * sizeof(float));
    std::memcpy(bytes.data(), weights.data(), bytes.size());
    return arrayOf(DType::F32, {latent.rows, latent.cols}, std::move(bytes));
}

} // namespace nanodit
