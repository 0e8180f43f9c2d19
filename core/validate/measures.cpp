#include "core/validate/measures.h"

#include "core/demo/layout.h"
#include "core/demo/scene_set.h"
#include "core/demo/truth.h"
#include "core/runtime/error.h"
#include "core/validate/patch_metrics.h"
#include "core/validate/picture_metrics.h"

#include <algorithm>

namespace nanodit {

namespace {

std::shared_ptr<const DinoEncoder> loadDino(const Workspace& workspace)
{
    if (workspace.config.dinoEncoder.empty())
        throw UsageError(
            "the workspace names no DINO encoder, which the suite measures layout with: set encoders.dino in " +
            (workspace.root / "workspace.yaml").string());
    return DinoEncoder::load(workspace.path(workspace.config.dinoEncoder));
}

/// [1, 3, H, W] in [-1, 1]
at::Tensor unitPixels(const Image& image)
{
    return unitFromBytes(bytesFromImage(image)).unsqueeze(0);
}

double cosine(const at::Tensor& a, const at::Tensor& b)
{
    return at::cosine_similarity(a, b, 0).item<double>();
}

std::optional<ThingColour> thingColour(const std::string& word)
{
    const auto found = std::find(colourNames.begin(), colourNames.end(), word);
    if (found == colourNames.end())
        return std::nullopt;
    return static_cast<ThingColour>(found - colourNames.begin());
}

/// Whether the thing of the old colour has the new one; empty when the scene has no such thing.
std::optional<bool> obeys(const WordChange& change, const Scene& scene, const Image& picture)
{
    const auto from = thingColour(change.from), to = thingColour(change.to);
    const auto thing = std::find_if(scene.things.begin(), scene.things.end(),
                                    [&](const SceneThing& candidate) { return from && candidate.colour == *from; });
    if (thing == scene.things.end() || !to)
        return std::nullopt;
    return standsAt(scene, *thing, *to, picture);
}

} // namespace

Measures::Measures(const Workspace& workspace, std::optional<Lpips> lpips)
    : workspace_(workspace)
    , dino_(loadDino(workspace))
    , lpips_(std::move(lpips))
{
}

SeenPicture Measures::see(Image picture) const
{
    const at::NoGradGuard noGradient;
    const auto input = dinoInputSize(picture.size, dino_->config().patchSize);
    const auto features = dino_->encode(dinoPixels(picture, input, dino_->normalisation()));
    return {.picture = std::move(picture),
            .cls = features.cls[0].to(at::kFloat),
            .patches = features.patches[0].to(at::kFloat),
            .grid = features.grid};
}

const SeenPicture& Measures::original(const RecordInfo& record)
{
    const auto found = originals_.find(record.id);
    return found != originals_.end() ? found->second
                                     : originals_.emplace(record.id, see(loadBucketImage(record))).first->second;
}

void Measures::compareWithOriginal(const SeenPicture& painted, const SeenPicture& original,
                                   std::map<std::string, double>& values) const
{
    if (lpips_) {
        const at::NoGradGuard noGradient;
        values["lpips"] = lpips_->distance(unitPixels(painted.picture), unitPixels(original.picture)).item<double>();
    }
    values["psnr"] = std::min(psnr(painted.picture, original.picture), 100.0);
    values["ssim"] = ssim(painted.picture, original.picture);
    values["dino_distance"] = patchCosineDistance(painted.patches, original.patches);
    const auto matches = patchCorrespondence(painted.patches, original.patches, original.grid);
    values["matched"] = matches.matched;
    values["displacement"] = matches.displacement;
}

double Measures::textMatch(const SeenPicture& painted, const RecordInfo& own, const std::vector<RecordInfo>& others)
{
    const double similarity = cosine(painted.cls, original(own).cls);
    double less = 0, count = 0;
    for (const auto& record : others) {
        if (record.id == own.id)
            continue;
        less += cosine(painted.cls, original(record).cls) < similarity;
        ++count;
    }
    return count == 0 ? 0.5 : less / count;
}

std::map<std::string, double> Measures::measure(const PlannedPicture& planned, const SeenPicture& painted,
                                                const SeenPicture* unchanged, const std::vector<RecordInfo>& others)
{
    std::map<std::string, double> values;
    const auto scene = storedTruth(workspace_, planned.record.id);
    const auto scoreThings = [&] {
        if (!scene)
            return;
        const auto score = scoreLayout(*scene, painted.picture);
        values["layout_error"] = score.error();
        values["not_found"] = static_cast<double>(score.missing) / static_cast<double>(score.things);
    };
    switch (planned.task) {
    case ValidationTask::Reconstruction:
        compareWithOriginal(painted, original(planned.record), values);
        scoreThings();
        break;
    case ValidationTask::DinoSwap: {
        const auto& other = original(*planned.other);
        const auto toOther = patchCosineDistance(painted.patches, other.patches);
        const auto toOwn = patchCosineDistance(painted.patches, original(planned.record).patches);
        values["dino_distance_other"] = toOther;
        values["dino_distance_own"] = toOwn;
        values["follows_reference"] = toOther < toOwn ? 1 : 0;
        const auto matches = patchCorrespondence(painted.patches, other.patches, other.grid);
        values["matched"] = matches.matched;
        values["displacement"] = matches.displacement;
        if (const auto otherScene = storedTruth(workspace_, planned.other->id); scene && otherScene) {
            values["place_error_other"] = placeError(*otherScene, painted.picture);
            values["place_error_own"] = placeError(*scene, painted.picture);
        }
        break;
    }
    case ValidationTask::TextOnly:
        values["text_match"] = textMatch(painted, planned.record, others);
        scoreThings();
        break;
    case ValidationTask::TextManipulation:
        values["change"] = patchCosineDistance(painted.patches, unchanged->patches);
        if (scene) {
            if (const auto obeyed = obeys(*planned.change, *scene, painted.picture))
                values["obeyed"] = *obeyed ? 1 : 0;
        }
        break;
    }
    return values;
}

} // namespace nanodit
