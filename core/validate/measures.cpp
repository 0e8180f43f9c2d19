#include "core/validate/measures.h"

#include "core/encoders/image_processor.h"
#include "core/preprocess/workspace_state.h"
#include "core/runtime/error.h"
#include "core/validate/picture_metrics.h"

#include <algorithm>

namespace nanodit {

namespace {

std::shared_ptr<const DinoEncoder> loadDino(const Workspace& workspace, const Compute& compute)
{
    if (workspace.config.dinoEncoder.empty())
        throw UsageError((workspace.root / "workspace.yaml").string() +
                             " names no DINO encoder (encoders.dino), which the layout is measured with",
                         remedy::NameEncoder{remedy::Encoder::Dino});
    return DinoEncoder::load(workspace.path(workspace.config.dinoEncoder), {.device = compute.device});
}

/// [1, 3, H, W] in [-1, 1]
at::Tensor unitPixels(const Image& image)
{
    return unitFromBytes(tensorFromImage(image)).unsqueeze(0);
}

double cosine(const at::Tensor& a, const at::Tensor& b)
{
    return at::cosine_similarity(a, b, 0).item<double>();
}

} // namespace

Measures::Measures(const Workspace& workspace, std::optional<Lpips> lpips, TruthMeasure truth, const Compute& compute)
    : workspace_(workspace)
    , compute_(compute)
    , dino_(loadDino(workspace, compute))
    , lpips_(std::move(lpips))
    , truth_(std::move(truth))
{
}

SeenPicture Measures::see(Image picture) const
{
    const at::NoGradGuard noGradient;
    const auto input = dinoInputSize(picture.size, dino_->config().patchSize);
    const auto features = dino_->encode(dinoPixels(picture, input, dino_->normalisation()));
    return {.picture = std::move(picture),
            .cls = features.cls[0].to(at::kCPU, at::kFloat, /*non_blocking=*/false, /*copy=*/true),
            .patches = features.patches[0].to(at::kCPU, at::kFloat),
            .grid = features.grid};
}

const SeenPicture& Measures::original(const RecordInfo& record)
{
    if (const auto* kept = originals_.find(record.id))
        return *kept;
    const auto& seen = originals_.keep(record.id, see(loadBucketImage(record)));
    originalCls_.insert_or_assign(record.id, seen.cls);
    return seen;
}

at::Tensor Measures::originalCls(const RecordInfo& record)
{
    const auto found = originalCls_.find(record.id);
    return found != originalCls_.end() ? found->second : original(record).cls;
}

double Measures::patchDistance(const SeenPicture& a, const SeenPicture& b) const
{
    return patchCosineDistance(a.patches.to(compute_.device), b.patches.to(compute_.device));
}

PatchCorrespondence Measures::correspondence(const SeenPicture& a, const SeenPicture& b) const
{
    return patchCorrespondence(a.patches.to(compute_.device), b.patches.to(compute_.device), b.grid);
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
    values["dino_distance"] = patchDistance(painted, original);
    const auto matches = correspondence(painted, original);
    values["matched"] = matches.matched;
    values["displacement"] = matches.displacement;
}

double Measures::textMatch(const SeenPicture& painted, const RecordInfo& own, const std::vector<RecordInfo>& others)
{
    const double similarity = cosine(painted.cls, originalCls(own));
    double less = 0, count = 0;
    for (const auto& record : others) {
        if (record.id == own.id)
            continue;
        less += cosine(painted.cls, originalCls(record)) < similarity;
        ++count;
    }
    return count == 0 ? 0.5 : less / count;
}

std::map<std::string, double> Measures::measure(const PlannedPicture& planned, const SeenPicture& painted,
                                                const SeenPicture* unchanged, const std::vector<RecordInfo>& others)
{
    std::map<std::string, double> values;
    switch (planned.task) {
    case ValidationTask::Reconstruction:
        compareWithOriginal(painted, original(planned.record), values);
        break;
    case ValidationTask::DinoSwap: {
        const auto& other = original(*planned.other);
        const auto toOther = patchDistance(painted, other);
        const auto toOwn = patchDistance(painted, original(planned.record));
        values["dino_distance_other"] = toOther;
        values["dino_distance_own"] = toOwn;
        values["follows_reference"] = toOther < toOwn ? 1 : 0;
        const auto matches = correspondence(painted, other);
        values["matched"] = matches.matched;
        values["displacement"] = matches.displacement;
        break;
    }
    case ValidationTask::TextOnly:
        values["text_match"] = textMatch(painted, planned.record, others);
        break;
    case ValidationTask::TextManipulation:
    case ValidationTask::TextOverDino:
        values["change"] = patchDistance(painted, *unchanged);
        break;
    case ValidationTask::RegionEdit:
        values["outside_change"] =
            changeOutside(painted.picture, unchanged->picture, planned.region->grid, planned.region->patches);
        break;
    }
    if (truth_)
        truth_(workspace_, planned, painted.picture, values);
    return values;
}

} // namespace nanodit
