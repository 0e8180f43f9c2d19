#include "core/sample/conditions.h"

#include "core/dataset/catalog.h"
#include "core/encoders/encoder_info.h"
#include "core/io/npy.h"
#include "core/preprocess/derived_array.h"
#include "core/preprocess/pass_encoders.h"
#include "core/preprocess/text_padding.h"
#include "core/runtime/error.h"
#include "core/sample/shared_models.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace nanodit {

namespace {

std::filesystem::path encoderFolder(const Workspace& workspace, const std::string& folder, const char* what,
                                    const char* key)
{
    if (folder.empty())
        throw UsageError(std::string("the workspace names no ") + what + ": set encoders." + key + " in " +
                         (workspace.root / "workspace.yaml").string());
    return workspace.path(folder);
}

at::Tensor storedArray(const Workspace& workspace, ArrayKind kind, const std::string& id)
{
    const auto file = arrayFile(workspace, kind, id);
    if (!std::filesystem::exists(file))
        throw DataError(file.string() + " is missing", remedy::RunPasses{.pass = passOf(kind)});
    return floatCopyOf(readNpy(file));
}

std::string gridText(GridSize grid)
{
    return std::to_string(grid.rows) + " x " + std::to_string(grid.cols);
}

/// For the picture that is mixed into the reference as if it were the reference.
SampleRequest withReference(const SampleRequest& request, const std::variant<RecordReference, PictureReference>& other)
{
    auto changed = request;
    std::visit([&changed](const auto& reference) { changed.reference = reference; }, other);
    return changed;
}

} // namespace

at::Tensor maskWithout(const std::vector<std::int64_t>& erasedPatches, GridSize grid)
{
    auto mask = at::ones({1, grid.count()}, at::kBool);
    for (const auto patch : erasedPatches) {
        if (patch < 0 || patch >= grid.count())
            throw UsageError("there is no patch " + std::to_string(patch) + ": the picture has 0 to " +
                             std::to_string(grid.count() - 1));
        mask.select(1, patch).fill_(false);
    }
    return mask;
}

DinoFeatures blended(const DinoFeatures& first, const DinoFeatures& second, double weight)
{
    if (first.grid != second.grid)
        throw UsageError("two references can only be mixed patch by patch, and these have " + gridText(first.grid) +
                         " and " + gridText(second.grid) + " patches: choose two of the same shape");
    const auto mixed = [weight](const at::Tensor& a, const at::Tensor& b) {
        return weight * a + (1 - weight) * b.to(a.options()); // one of them may be stored, and the other just encoded
    };
    return {.cls = mixed(first.cls, second.cls), .patches = mixed(first.patches, second.patches), .grid = first.grid};
}

std::string fileKey(const std::filesystem::path& file)
{
    const auto stamp = stampOf(file);
    return file.string() + '\n' +
           (stamp ? std::to_string(stamp->bytes) + ' ' + std::to_string(stamp->modifiedNanoseconds) : "") + '\n';
}

ConditionEncoder::ConditionEncoder(Workspace workspace, DinoStatistics statistics, std::int64_t textTokens,
                                   const ModelConfig& model, const Compute& compute)
    : workspace_(std::move(workspace))
    , statistics_(std::move(statistics))
    , textTokens_(textTokens)
    , model_(model)
    , compute_(compute)
{
}

/// A moved slider asks for it again: the catalog is opened only when it has changed.
Record ConditionEncoder::recordOf(const std::string& id) const
{
    const auto catalog = workspace_.catalogFile();
    auto key = id + '\n' + fileKey(catalog) + fileKey(catalog.string() + "-wal"); // where SQLite writes first
    if (const auto* kept = records_.find(key))
        return *kept;
    const auto record = Catalog::open(workspace_).find(id);
    if (!record)
        throw UsageError("the workspace has no record \"" + id + "\": look at its list of records, or import it first");
    return records_.keep(std::move(key), *record);
}

std::string ConditionEncoder::textKey(const SampleRequest& request) const
{
    if (request.textRecord)
        return "record " + fileKey(arrayFile(workspace_, ArrayKind::T5, *request.textRecord)) +
               fileKey(TextPadding::maskFile(workspace_, *request.textRecord));
    return "prompt " + request.prompt;
}

std::string ConditionEncoder::dinoKey(const SampleRequest& request) const
{
    if (const auto* reference = std::get_if<RecordReference>(&request.reference)) {
        const auto record = recordOf(reference->id);
        return bucketName(request.size) + " record " + bucketName(record.bucket) + ' ' + fileKey(record.image) +
               fileKey(arrayFile(workspace_, ArrayKind::DinoCls, record.id)) +
               fileKey(arrayFile(workspace_, ArrayKind::DinoPatches, record.id));
    }
    if (const auto* picture = std::get_if<PictureReference>(&request.reference))
        return bucketName(request.size) + " picture " + fileKey(picture->file);
    return bucketName(request.size);
}

/// Empty where CLS is the reference's own.
std::string ConditionEncoder::clsKey(const SampleRequest& request) const
{
    if (const auto* record = std::get_if<RecordReference>(&request.clsFrom))
        return "record " + fileKey(arrayFile(workspace_, ArrayKind::DinoCls, recordOf(record->id).id));
    if (const auto* picture = std::get_if<PictureReference>(&request.clsFrom))
        return "picture " + fileKey(picture->file); // the size is in the key of the patches
    return {};
}

/// Empty where nothing is mixed into the reference.
std::string ConditionEncoder::blendKey(const SampleRequest& request) const
{
    if (!request.blend)
        return {};
    return std::to_string(std::bit_cast<std::uint64_t>(request.blend->weight)) + ' ' +
           dinoKey(withReference(request, request.blend->with));
}

std::string ConditionEncoder::key(const SampleRequest& request) const
{
    auto key = textKey(request) + '\0' + dinoKey(request) + '\0' + clsKey(request) + '\0' + blendKey(request);
    for (const auto patch : request.erasedPatches)
        key += ' ' + std::to_string(patch);
    return key;
}

at::Tensor ConditionEncoder::text(const SampleRequest& request, const StopCheck& stop)
{
    const auto key = textKey(request);
    if (const auto* kept = texts_.find(key))
        return *kept;
    return texts_.keep(key, encodedText(request, stop));
}

at::Tensor ConditionEncoder::encodedText(const SampleRequest& request, const StopCheck& stop)
{
    if (request.textRecord) {
        const auto record = recordOf(*request.textRecord);
        const auto tokens = storedArray(workspace_, ArrayKind::T5, record.id);
        const auto encoders = encodersOf(workspace_);
        const auto valid = TextPadding(workspace_, encoders).validRows(record, tokens.size(0));
        return tokens.narrow(0, 0, std::min(valid, textTokens_));
    }
    if (request.prompt.empty())
        return {};
    if (!t5_)
        t5_ = openT5(encoderFolder(workspace_, workspace_.config.t5Encoder, "text encoder", "t5"), compute_);
    const auto encoded = t5_->encodeCaptions({request.prompt}, textTokens_, stop);
    if (encoded.empty())
        throw EncodingStopped();
    return encoded.front().to(at::kFloat);
}

DinoFeatures ConditionEncoder::storedFeatures(const Record& record) const
{
    DinoFeatures features;
    features.cls = storedArray(workspace_, ArrayKind::DinoCls, record.id).unsqueeze(0);
    features.patches = storedArray(workspace_, ArrayKind::DinoPatches, record.id).unsqueeze(0);
    features.grid = dinoGrid(record.bucket, dinoEncoderInfo(workspace_).patchSize);
    if (features.grid.count() != features.patches.size(1))
        throw DataError("the stored patches of the record \"" + record.id + "\" are " +
                            std::to_string(features.patches.size(1)) + ", but its bucket " + bucketName(record.bucket) +
                            " has " + std::to_string(features.grid.count()),
                        remedy::VerifyArrays{});
    // Two buckets can have as many patches: 160x112 and 112x160.
    const auto made = Catalog::open(workspace_).provenance(record.id, ArrayKind::DinoPatches);
    if (made && !made->unfinished() && !made->inputs.bucket.empty() && made->inputs.bucket != bucketName(record.bucket))
        throw DataError("the stored patches of the record \"" + record.id + "\" were made for the bucket " +
                            made->inputs.bucket + ", but the record is in " + bucketName(record.bucket) + " now",
                        remedy::RunPasses{.pass = Pass::Dino});
    return features;
}

DinoFeatures ConditionEncoder::encodedFeatures(const std::filesystem::path& picture, ImageSize size,
                                               const StopCheck& stop)
{
    if (!dino_)
        dino_ = openDino(encoderFolder(workspace_, workspace_.config.dinoEncoder, "DINO encoder", "dino"), compute_);
    const auto bucketImage = makeBucketImage(readImage(picture), size);
    const auto input = dinoInputSize(size, dino_->config().patchSize);
    auto features = dino_->encode(dinoPixels(bucketImage, input, dino_->normalisation()), stop);
    if (!features)
        throw EncodingStopped();
    return std::move(*features);
}

DinoFeatures ConditionEncoder::referenceFeatures(const SampleRequest& request, const StopCheck& stop)
{
    const auto key = dinoKey(request);
    if (const auto* kept = features_.find(key))
        return *kept;
    DinoFeatures features;
    if (const auto* reference = std::get_if<RecordReference>(&request.reference)) {
        // Stored patches lie on the grid of the record's bucket. Over another size they would lie elsewhere.
        const auto record = recordOf(reference->id);
        features =
            record.bucket == request.size ? storedFeatures(record) : encodedFeatures(record.image, request.size, stop);
    } else {
        features = encodedFeatures(std::get<PictureReference>(request.reference).file, request.size, stop);
    }
    if (!statistics_.empty()) {
        features.cls = statistics_.cls.normalise(features.cls);
        features.patches = statistics_.patches.normalise(features.patches);
    }
    return features_.keep(key, features);
}

/// [1, D]
at::Tensor ConditionEncoder::otherCls(const SampleRequest& request, const StopCheck& stop)
{
    if (const auto* record = std::get_if<RecordReference>(&request.clsFrom)) {
        auto cls = storedArray(workspace_, ArrayKind::DinoCls, recordOf(record->id).id).unsqueeze(0);
        return statistics_.empty() ? cls : statistics_.cls.normalise(cls);
    }
    return referenceFeatures(withReference(request, std::get<PictureReference>(request.clsFrom)), stop).cls;
}

std::optional<DinoFeatures> ConditionEncoder::dino(const SampleRequest& request, const StopCheck& stop)
{
    if (std::holds_alternative<NoReference>(request.reference))
        return std::nullopt;
    auto features = referenceFeatures(request, stop);
    if (request.blend)
        features = blended(features, referenceFeatures(withReference(request, request.blend->with), stop),
                           request.blend->weight);
    if (!std::holds_alternative<NoReference>(request.clsFrom))
        features.cls = otherCls(request, stop);
    return features;
}

std::optional<ConditionEncoder::Result> ConditionEncoder::encode(const SampleRequest& request, const StopCheck& stop)
{
    try {
        return encodedBoth(request, stop);
    } catch (const EncodingStopped&) {
        return std::nullopt;
    }
}

ConditionEncoder::Result ConditionEncoder::encodedBoth(const SampleRequest& request, const StopCheck& stop)
{
    const at::NoGradGuard noGradient;
    Result result;
    auto& conditions = result.conditions;
    conditions.textTokens = textTokens_;
    if (const auto tokens = text(request, stop); tokens.defined()) {
        conditions.text = tokens.unsqueeze(0);
        result.hasText = true;
    } else {
        conditions.text = at::zeros({1, 1, model_.textDim});
    }
    if (const auto features = dino(request, stop)) {
        expectGridOf(request.size, features->grid);
        conditions.cls = features->cls.to(at::kFloat);
        conditions.patches = features->patches.to(at::kFloat);
        conditions.patchGrid = features->grid;
        if (!request.erasedPatches.empty())
            conditions.patchMask = maskWithout(request.erasedPatches, features->grid);
        result.hasDino = true;
    } else {
        if (!request.erasedPatches.empty())
            throw UsageError("there are no patches to erase: no reference is given");
        if (!std::holds_alternative<NoReference>(request.clsFrom))
            throw UsageError("CLS of another picture needs patches beside it: no reference is given");
        if (request.blend)
            throw UsageError("a second picture cannot be mixed into the reference: no reference is given");
        conditions.patchGrid = gridWithoutReference(request.size);
        conditions.cls = at::zeros({1, model_.dinoDim});
        conditions.patches = at::zeros({1, conditions.patchGrid.count(), model_.dinoDim});
    }
    conditions = conditions.to(compute_);
    return result;
}

void ConditionEncoder::expectGridOf(ImageSize size, GridSize patches) const
{
    const auto expected = dinoGrid(size, dinoEncoderInfo(workspace_).patchSize);
    if (patches == expected)
        return;
    throw DataError("the reference has " + gridText(patches) + " patches, but a picture of " + bucketName(size) +
                    " has " + gridText(expected) + ": they would be misaligned");
}

GridSize ConditionEncoder::gridWithoutReference(ImageSize size) const
{
    // Null patches stand for as many tokens as a picture of this size would have had in training.
    if (workspace_.config.dinoEncoder.empty())
        return latentTokenGrid(size, autoencoderFactor(workspace_), model_.patchSize);
    return dinoGrid(size, dinoEncoderInfo(workspace_).patchSize);
}

} // namespace nanodit
