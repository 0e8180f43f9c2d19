#include "core/dataset/sample_reading.h"

#include "core/io/float_values.h"
#include "core/io/foreign_text.h"
#include "core/io/npy.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace nanodit {

using nlohmann::json;

namespace {

/// The grid that shards made elsewhere do not tell: that of the usual patch sizes which gives this count.
GridSize guessGrid(ImageSize bucket, std::int64_t patches, const std::string& name)
{
    for (const std::int64_t patchSize : {16, 14, 8, 32})
        if (const auto grid = dinoGrid(bucket, patchSize); grid.count() == patches)
            return grid;
    throw DataError(name + " has " + std::to_string(patches) + " patches, which fits no grid of the bucket " +
                    bucketName(bucket) +
                    (isCentreCropPatchCount(patches) ? " (it is what a centre crop to 224 pixels gives)" : "") +
                    "; make the dinov3 arrays again");
}

/// A sample's JSON, read as strictly as it allows; no object where it is none.
json infoFrom(std::string_view text)
{
    auto info = json::parse(text, nullptr, false);
    return info.is_discarded() ? parseForeignJson(utf8FromFile(std::string(text)).value_or("")).value : info;
}

/// "[any, 96]": so many dimensions, of which one has a size; 0: any.
std::string expectedShape(std::size_t dimensions, std::size_t axis, std::int64_t size)
{
    std::string text;
    for (std::size_t i = 0; i < dimensions; ++i)
        text += (i == 0 ? "[" : ", ") + (i == axis && size != 0 ? std::to_string(size) : "any");
    return text + "]";
}

/// Whoever reads these fields can rely on their types: the caption is a text, of a list of captions the first, and what
/// else has another type than this program gives it is dropped.
void keepUsableFields(json& info)
{
    for (const auto* const key : {"id", "aspect_bucket", "split"}) {
        if (const auto found = info.find(key); found != info.end() && !found->is_string())
            info.erase(found);
    }
    if (const auto found = info.find("certificate"); found != info.end()) {
        const auto verdict = found->is_object() ? found->find("verdict") : found->end();
        if (!found->is_object() || (verdict != found->end() && !verdict->is_string()))
            info.erase(found);
    }
    const auto caption = info.find("caption");
    if (caption == info.end() || caption->is_string())
        return;
    std::string first;
    for (const auto& one : caption->is_array() ? *caption : json::array()) {
        if (one.is_string() && first.empty())
            first = one.get<std::string>();
    }
    *caption = first;
}

/// How many tokens from the first on are valid.
std::int64_t validRows(const Array& mask, std::int64_t rows, const std::string& name)
{
    if (mask.elements() != rows)
        throw DataError(name + " masks " + std::to_string(mask.elements()) + " tokens of " + std::to_string(rows));
    const auto ordered = inRowMajorOrder(mask);
    const auto unit = static_cast<std::size_t>(bytesPerElement(mask.dtype));
    std::int64_t valid = 0;
    bool ended = false;
    for (std::size_t i = 0; i < static_cast<std::size_t>(rows); ++i) {
        const auto element = ordered.bytes.subspan(i * unit, unit);
        const bool set =
            std::any_of(element.begin(), element.end(), [](std::byte byte) { return byte != std::byte{0}; });
        if (set && ended)
            throw DataError(name + " has valid tokens after masked ones");
        ended |= !set;
        valid += set ? 1 : 0;
    }
    return valid;
}

/// Weights of a loss that is divided by their sum: none may be negative, and some must count.
void expectLossMask(const Array& mask, const std::vector<std::int64_t>& shape, const std::string& name)
{
    if (mask.shape != shape || !isFloating(mask.dtype))
        throw DataError(name + " is " + dtypeName(mask.dtype) + " of the shape " + shapeText(mask.shape) +
                        " instead of floating-point numbers of the latent's shape " + shapeText(shape) +
                        "; pack the shards again");
    double sum = 0;
    for (const auto weight : floatsOf(mask)) {
        if (!(weight >= 0 && weight <= 1)) // nor not-a-number
            throw DataError(name + " holds " + std::to_string(weight) +
                            ", where weights from 0 to 1 were expected; pack the shards again");
        sum += static_cast<double>(weight);
    }
    if (sum <= 0)
        throw DataError(name +
                        " is zero everywhere, so nothing would be learnt from the picture; pack the shards again");
}

Array firstRows(Array array, std::int64_t rows)
{
    if (rows == array.shape[0])
        return array;
    array = inRowMajorOrder(array);
    array.shape[0] = rows;
    array.bytes = array.bytes.first(static_cast<std::size_t>(array.elements() * bytesPerElement(array.dtype)));
    return array;
}

/// The entries of one sample.
class SampleEntries {
public:
    SampleEntries(Shard& shard, std::size_t position, ShardSet::Check check)
        : shard_(shard)
        , parts_(shard.parts(position)) // opens the shard, which may make its ids anew
        , id_(shard.ids()[position])
        , check_(check)
    {
    }

    const SampleParts& parts() const { return parts_; }
    std::string nameOf(SampleParts::Part part) const
    {
        return shard_.file().string() + ": " + id_ + "." + SampleParts::extensions[part];
    }

    /// Reads it from the disk. Throws DataError where touching it would end the process.
    void touch(std::span<const std::byte> part) const
    {
        if (!canBeRead(part))
            throw DataError(shard_.file().string() + ": " + id_ +
                            " cannot be read any more: the file was shortened, or its disk or network failed");
    }

    /// Of so many dimensions, of which `axis` has this size; 0: any. Throws DataError.
    Array floats(SampleParts::Part part, std::size_t dimensions, std::size_t axis, std::int64_t size) const
    {
        if (!parts_.has(part))
            throw DataError(nameOf(part) + " is missing" + shard_.partlyDamaged() + "; pack the shards again");
        auto array = parseNpy(parts_.bytes[part], shard_.mapped(), nameOf(part));
        if (array.shape.size() != dimensions || (size != 0 && array.shape[axis] != size))
            throw DataError(nameOf(part) + " has the shape " + shapeText(array.shape) + " instead of " +
                            expectedShape(dimensions, axis, size) + "; pack the shards again");
        if (!isFloating(array.dtype) || (check_ == ShardSet::Check::Everything && !allFinite(array)))
            throw DataError(nameOf(part) + (isFloating(array.dtype)
                                                ? " contains infinite values or NaN"
                                                : " holds " + dtypeName(array.dtype) +
                                                      " instead of floating-point numbers; pack the shards again"));
        return array;
    }

private:
    Shard& shard_;
    const SampleParts& parts_;
    const std::string& id_;
    ShardSet::Check check_;
};

} // namespace

ShardSample readSample(Shard& shard, std::size_t position, const KnownOfSamples& known, ShardSet::Check check)
{
    using enum SampleParts::Part;
    const SampleEntries entries(shard, position, check);
    const auto& parts = entries.parts();
    const auto& id = shard.ids()[position];
    const auto bucket = shard.bucketOf(position);
    const auto nameOf = [&entries](SampleParts::Part part) { return entries.nameOf(part); };
    for (const auto& part : parts.bytes)
        entries.touch(part);

    ShardSample sample{
        .id = id, .bucket = bucket, .patchGrid = {}, .info = {}, .cls = {}, .patches = {}, .latent = {}, .text = {}};
    const auto* const text = reinterpret_cast<const char*>(parts.bytes[Info].data());
    if (text != nullptr)
        sample.info = infoFrom({text, parts.bytes[Info].size()});
    if (!sample.info.is_object() && !known.haveInfo)
        sample.info = json::object(); // Sets made elsewhere need not have one, nor one that can be read.
    if (!sample.info.is_object())
        throw DataError(nameOf(Info) + " is missing or not a JSON object" + shard.partlyDamaged() +
                        "; pack the shards again");
    keepUsableFields(sample.info);
    sample.cls = entries.floats(Cls, 1, 0, known.dinoWidth);
    sample.patches = entries.floats(Patches, 2, 1, sample.cls.shape[0]);
    sample.latent = entries.floats(Latent, 3, 0, known.latentChannels);
    sample.text = entries.floats(Text, 2, 1, known.textWidth);
    const auto& latent = sample.latent.shape;
    if (latent[1] < 1 || latent[1] * bucket.width != latent[2] * bucket.height)
        throw DataError(nameOf(Latent) + " has the shape " + shapeText(latent) + ", which is not that of the bucket " +
                        bucketName(bucket));
    const auto grid = known.grids.find(bucketName(bucket));
    sample.patchGrid =
        grid != known.grids.end() ? grid->second : guessGrid(bucket, sample.patches.shape[0], nameOf(Patches));
    if (sample.patchGrid.count() != sample.patches.shape[0])
        throw DataError(nameOf(Patches) + " has " + std::to_string(sample.patches.shape[0]) + " patches instead of " +
                        std::to_string(sample.patchGrid.count()));
    if (parts.has(TextMask))
        sample.text =
            firstRows(sample.text, validRows(parseNpy(parts.bytes[TextMask], shard.mapped(), nameOf(TextMask)),
                                             sample.text.shape[0], nameOf(TextMask)));
    if (parts.has(LossMask)) {
        sample.lossMask = parseNpy(parts.bytes[LossMask], shard.mapped(), nameOf(LossMask));
        expectLossMask(sample.lossMask, {latent.begin() + 1, latent.end()}, nameOf(LossMask));
    }
    return sample;
}

Array readSampleCls(Shard& shard, std::size_t position, const KnownOfSamples& known)
{
    const SampleEntries entries(shard, position, ShardSet::Check::Shapes);
    entries.touch(entries.parts().bytes[SampleParts::Cls]);
    return entries.floats(SampleParts::Cls, 1, 0, known.dinoWidth);
}

} // namespace nanodit
