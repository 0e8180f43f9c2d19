#include "core/preprocess/memory_plan.h"

#include "core/io/size_text.h"
#include "core/runtime/error.h"
#include "core/runtime/machine.h"

#include <algorithm>

namespace nanodit {

namespace {

constexpr std::int64_t megabyte = 1'000'000;
constexpr std::int64_t mostPictures = 16; ///< Encoded as one, however small they are.

/// Of a record's arrays, as if none fitted half precision.
std::int64_t resultBytes(Pass pass, ImageSize bucket, const ArrayExpectations& expected)
{
    constexpr std::int64_t element = 4;
    switch (pass) {
    case Pass::T5:
        return expected.textTokens * expected.textWidth.value_or(0) * element;
    case Pass::Vae:
        return expected.latentChannels.value_or(0) * (bucket.height / expected.latentFactor) *
               (bucket.width / expected.latentFactor) * element;
    case Pass::Dino:
        return (1 + dinoGrid(bucket, expected.patchSize.value_or(16)).count()) * expected.dinoWidth.value_or(0) *
               element;
    }
    return 0;
}

/// What a batch takes: being encoded, waiting before that, and being written (with a copy in the file's form) after.
struct BatchBytes {
    std::int64_t encoding = 0, images = 0, results = 0;

    BatchBytes() = default;
    BatchBytes(Pass pass, ImageSize bucket, std::int64_t records, const PassEncoders& encoders)
        : images(pass == Pass::T5 ? 0 : records * imageBytes(bucket))
        , results(records * resultBytes(pass, bucket, encoders.expectations))
    {
        encoding = std::max(encoders.workingBytes(pass, bucket, records), results);
    }
    void include(const BatchBytes& other)
    {
        encoding = std::max(encoding, other.encoding);
        images = std::max(images, other.images);
        results = std::max(results, other.results);
    }
    /// Encoded, while the next one is read (its bucket images, and one original of four times their size) and the one
    /// before is written.
    std::int64_t atLeast() const { return encoding + 6 * images + 2 * results; }
};

} // namespace

std::int64_t imageBytes(ImageSize size)
{
    return 3 * size.width * size.height;
}

std::int64_t decodingBytes(ImageSize original)
{
    return 2 * imageBytes(original);
}

MemoryPlan planMemory(Pass pass, const std::vector<std::string>& buckets, const PassEncoders& encoders,
                      std::int64_t megabytes)
{
    const auto sizeOf = [](const std::string& bucket) { return bucket.empty() ? ImageSize{} : bucketFromName(bucket); };
    const auto usual = [&](const std::string& bucket) {
        const auto size = sizeOf(bucket);
        return pass == Pass::T5
                   ? encoders.captionsAtOnce
                   : std::clamp<std::int64_t>(encoders.pixelsAtOnce / (size.width * size.height), 1, mostPictures);
    };
    // Batches of different buckets follow each other: the largest of each part may come together.
    BatchBytes largest;
    const auto shrinkTo = [&](std::int64_t limit) {
        largest = {};
        for (const auto& bucket : buckets)
            largest.include({pass, sizeOf(bucket), std::min(usual(bucket), limit), encoders});
        return largest.atLeast();
    };
    MemoryPlan plan;
    plan.budget = megabytes > 0 ? megabytes * megabyte : usableMemory() / 2;
    auto limit = std::max(mostPictures, encoders.captionsAtOnce);
    while (shrinkTo(limit) > plan.budget && limit > 1)
        --limit;
    if (const auto needed = largest.atLeast(); needed > plan.budget) {
        if (megabytes > 0)
            throw DataError("the pass " + passName(pass) + " needs " + sizeText(needed) + " for one " +
                                (pass == Pass::T5 ? "caption" : "picture") + " at once, more than the " +
                                sizeText(plan.budget) + " that it may use",
                            remedy::AllowMemory{needed});
        plan.budget = needed;
    }
    for (const auto& bucket : buckets)
        plan.batches[bucket] = std::min(usual(bucket), limit);
    plan.batchesWaiting = largest.atLeast() + largest.results <= plan.budget ? 1 : 0;
    plan.reading =
        plan.budget - largest.encoding - (2 + static_cast<std::int64_t>(plan.batchesWaiting)) * largest.results;
    return plan;
}

} // namespace nanodit
