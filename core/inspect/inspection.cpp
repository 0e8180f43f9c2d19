#include "core/inspect/inspection.h"

#include "core/encoders/dino.h"
#include "core/inspect/stored_fit.h"
#include "core/io/float_values.h"
#include "core/io/npy.h"
#include "core/preprocess/derived_array.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"

#include <algorithm>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

std::int64_t patchSizeOf(const Workspace& workspace)
{
    if (workspace.config.dinoEncoder.empty())
        throw UsageError((workspace.root / "workspace.yaml").string() + " names no DINO encoder (encoders.dino)",
                         remedy::NameEncoder{remedy::Encoder::Dino});
    return DinoConfig::load(workspace.path(workspace.config.dinoEncoder)).patchSize;
}

std::vector<RecordKey> evenSample(const std::vector<RecordKey>& records, std::size_t most)
{
    if (records.size() <= most)
        return records;
    std::vector<RecordKey> sample;
    for (std::size_t i = 0; i < most; ++i)
        sample.push_back(records[i * records.size() / most]);
    return sample;
}

/// Runs one fit of a request; kept as an object so that each of its readers reports its own progress.
class PatchFitRun {
public:
    PatchFitRun(const PatchFitRequest& request, const JobContext& context)
        : request_(request)
        , context_(context)
        , encoder_(dinoFingerprint(request.workspace, context))
    {
    }

    std::optional<PatchFit> run()
    {
        PatchFit fit;
        if (request_.options.withoutPlace) {
            auto place = placeField();
            if (!place)
                return std::nullopt;
            fit.place = std::move(*place);
        }
        const auto records = evenSample(request_.records, mostFittedPictures);
        const auto passes = static_cast<std::int64_t>(records.size()) * (request_.options.foregroundOnly ? 3 : 1);
        ProgressMeter meter(context_, Stage::FittingColours, passes, Unit::Pictures);
        auto basis = fitPatchBasis(
            records.size(),
            [&](std::size_t i) {
                auto features = readable(records[i]);
                meter.advance();
                return features && !fit.place.empty() ? std::optional(withoutPlace(fit.place, std::move(*features)))
                                                      : features;
            },
            {.foregroundOnly = request_.options.foregroundOnly}, [this] { return context_.shouldStop(); });
        if (!basis)
            return std::nullopt;
        fit.basis = std::move(*basis);
        if (request_.options.scope != BasisScope::Picture)
            keep([&] { writePatchFit(patchFitFile(request_.workspace, request_.options, encoder_), fit); });
        return fit;
    }

private:
    std::optional<PlaceField> placeField()
    {
        const auto file = placeFieldFile(request_.workspace, encoder_);
        if (auto kept = readPlaceField(file))
            return kept;
        const auto records = evenSample(request_.all, mostFittedPictures);
        ProgressMeter meter(context_, Stage::FittingPlaceField, static_cast<std::int64_t>(records.size()),
                            Unit::Pictures);
        PlaceFit fit;
        for (const auto& record : records) {
            if (context_.shouldStop())
                return std::nullopt;
            if (const auto features = readable(record))
                fit.add(*features);
            meter.advance();
        }
        auto field = fit.solve();
        keep([&] { writePlaceField(file, field); });
        return field;
    }

    std::optional<FeatureGrid> readable(const RecordKey& record)
    {
        try {
            return loadFeatures(request_.workspace, record);
        } catch (const DataError& error) {
            if (warned_.empty() || std::find(warned_.begin(), warned_.end(), record.id) == warned_.end()) {
                warned_.push_back(record.id);
                context_.warn(error.what());
            }
            return std::nullopt;
        }
    }

    template<typename Write>
    void keep(Write&& write)
    {
        try {
            write();
        } catch (const std::exception& error) { // a read-only workspace: colours will be fitted again next time
            context_.warn("the fit could not be saved: " + sentenceOf(error));
        }
    }

    const PatchFitRequest& request_;
    const JobContext& context_;
    std::string encoder_;
    std::vector<std::string> warned_;
};

} // namespace

fs::path cacheFolder(const Workspace& workspace)
{
    return workspace.root / "cache";
}

FeatureGrid loadFeatures(const Workspace& workspace, const RecordKey& record)
{
    const auto file = arrayFile(workspace, ArrayKind::DinoPatches, record.id);
    if (!fs::exists(file))
        throw DataError(file.string() + " is missing: run the pass dinov3");
    const auto array = readNpy(file);
    FeatureGrid features{.grid = dinoGrid(record.bucket, patchSizeOf(workspace)), .width = 0, .values = {}, .cls = {}};
    if (array.shape.size() != 2 || array.shape[0] != features.grid.count() || array.shape[1] < 1)
        throw DataError(file.string() + " is of shape " + shapeText(array.shape) + ", but the bucket " +
                        bucketName(record.bucket) + " has " + std::to_string(features.grid.count()) +
                        " patches: run the pass dinov3 again");
    features.width = array.shape[1];
    features.values = floatsOf(array);
    if (const auto cls = arrayFile(workspace, ArrayKind::DinoCls, record.id); fs::exists(cls)) {
        const auto token = readNpy(cls);
        if (token.elements() == features.width)
            features.cls = floatsOf(token);
    }
    return features;
}

std::optional<PatchFit> storedPatchFit(const Workspace& workspace, const PatchFitOptions& options)
{
    const auto encoder = dinoFingerprint(workspace);
    return encoder.empty() ? std::nullopt : readPatchFit(patchFitFile(workspace, options, encoder));
}

std::unique_ptr<Job> makePatchFitJob(PatchFitRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) {
        const auto fit = PatchFitRun(request, context).run();
        if (!fit)
            return JobEnd::Cancelled;
        request.finished(*fit);
        return JobEnd::Finished;
    });
}

} // namespace nanodit
