#include "tests/core/dataset/drawn_samples.h"

#include <bit>
#include <cstring>
#include <utility>

namespace nanodit::test {

namespace {

ShardSample drawn(const std::string& id, ImageSize bucket, std::uint64_t seed)
{
    const auto grid = dinoGrid(bucket, 16);
    const auto tokens = static_cast<std::int64_t>(seed % 4) + 1;
    return {.id = id,
            .bucket = bucket,
            .patchGrid = grid,
            .info = {{"caption", "caption of " + id}, {"split", "train"}},
            .cls = drawnArray(DType::F32, {6}, seed * 10),
            .patches = drawnArray(DType::F16, {grid.count(), 6}, seed * 10 + 1),
            .latent = drawnArray(DType::F32, {16, bucket.height / 8, bucket.width / 8}, seed * 10 + 2),
            .text = drawnArray(DType::F16, {tokens, 5}, seed * 10 + 3)};
}

} // namespace

Array drawnArray(DType type, std::vector<std::int64_t> shape, std::uint64_t seed)
{
    const auto count = static_cast<std::size_t>(*checkedProduct(shape));
    const auto unit = static_cast<std::size_t>(bytesPerElement(type));
    std::vector<std::byte> bytes(count * unit);
    auto state = static_cast<std::uint32_t>(seed * 2654435761u + 12345u);
    for (std::size_t i = 0; i < count; ++i) {
        state = state * 1664525u + 1013904223u;
        const float value = static_cast<float>(state >> 8) / 8388608.f - 1.f; // [-1, 1)
        if (type == DType::F32) {
            std::memcpy(bytes.data() + i * unit, &value, unit);
        } else { // A half between -1.5 and 1.5 from random bits: exponent 14 or less.
            const auto half = static_cast<std::uint16_t>((state >> 16) & 0xbbff);
            std::memcpy(bytes.data() + i * unit, &half, unit);
        }
    }
    return arrayOf(type, std::move(shape), std::move(bytes));
}

std::vector<ShardSample> drawnSamples(std::int64_t first, ImageSize firstBucket, std::int64_t second,
                                      ImageSize secondBucket)
{
    std::vector<ShardSample> samples;
    for (std::int64_t i = 0; i < first; ++i)
        samples.push_back(drawn("a" + std::to_string(i), firstBucket, static_cast<std::uint64_t>(i)));
    for (std::int64_t i = 0; i < second; ++i)
        samples.push_back(drawn("b" + std::to_string(i), secondBucket, static_cast<std::uint64_t>(i) + 1000));
    return samples;
}

void packed(const std::filesystem::path& folder, const std::vector<ShardSample>& samples)
{
    ShardSetWriter writer(folder, "train", {});
    for (const auto& sample : samples)
        writer.add(sample);
    writer.finish();
}

} // namespace nanodit::test
