#include "core/train/preview.h"

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/io/image.h"
#include "core/runs/previews.h"
#include "core/runtime/job.h"
#include "core/sample/guidance.h"
#include "core/sample/picture.h"
#include "core/sample/sample_request.h"
#include "core/sample/solver.h"
#include "core/train/draws.h"
#include "core/train/train_job.h"

#include <algorithm>

namespace nanodit {

namespace {

at::Tensor batchOfOne(const Array& array)
{
    return tensorFromArray(array).to(at::kFloat).unsqueeze(0);
}

/// Empty when the record or its picture is gone: shards outlive them.
Image bucketImageOf(const Workspace& workspace, const std::string& id)
{
    const auto record = Catalog::open(workspace).find(id);
    if (!record || !std::filesystem::exists(record->image))
        return {};
    return makeBucketImage(readImage(record->image), record->bucket);
}

} // namespace

Conditions conditionsOf(const ShardSample& sample, const DinoStatistics& statistics, std::int64_t textTokens)
{
    auto cls = batchOfOne(sample.cls), patches = batchOfOne(sample.patches);
    if (!statistics.empty()) {
        cls = statistics.cls.normalise(cls);
        patches = statistics.patches.normalise(patches);
    }
    return {.cls = cls,
            .patches = patches,
            .patchGrid = sample.patchGrid,
            .text = batchOfOne(sample.text),
            .textMask = {},
            .textTokens = textTokens};
}

PreviewPainter::PreviewPainter(Workspace workspace, const TrainConfig& config, std::int64_t textTokens,
                               DinoStatistics statistics, std::shared_ptr<const ShardSet> trainingSet,
                               const Compute& compute)
    : workspace_(std::move(workspace))
    , config_(config)
    , textTokens_(textTokens)
    , statistics_(std::move(statistics))
    , set_(std::move(trainingSet))
    , compute_(compute)
{
    const auto validation = workspace_.shardsFolder() / "val";
    if (std::filesystem::exists(validation)) {
        if (auto set = ShardSet::open(validation); !set->entries().empty())
            set_ = std::move(set);
    }
}

bool PreviewPainter::paint(const NanoDiT& model, std::int64_t step, const std::filesystem::path& runFolder,
                           const JobContext& context, const std::function<void(const PreviewPicture&)>& onPreview)
{
    if (!autoencoder_)
        autoencoder_ = AutoencoderKl::load(workspace_.path(workspace_.config.vae), EncoderOptions::of(compute_));
    const auto count = std::min(config_.previews.count, static_cast<std::int64_t>(set_->entries().size()));
    for (std::int64_t i = 0; i < count; ++i) {
        auto preview = paintOne(model, i, context);
        if (!preview)
            return false;
        preview->step = step;
        writePng(previewFile(runFolder, step, preview->recordId), preview->picture);
        onPreview(*preview);
    }
    return true;
}

std::optional<PreviewPicture> PreviewPainter::paintOne(const NanoDiT& model, std::int64_t index,
                                                       const JobContext& context)
{
    const at::NoGradGuard noGradient;
    const auto sample = set_->read(index);
    const auto shape = tensorFromArray(sample.latent).sizes().vec();
    auto generator = generatorFor({.seed = config_.seed, .step = -1, .microBatch = index});
    const auto noise = at::randn({1, shape[0], shape[1], shape[2]}, generator, at::TensorOptions(at::kFloat));
    GuidedVelocity velocity(model, conditionsOf(sample, statistics_, textTokens_), {},
                            model.tokenGrid(shape[1], shape[2]),
                            {.textScale = config_.previews.textScale, .dinoScale = config_.previews.dinoScale},
                            compute_);
    const auto latent = solve(
        Solver::Euler, [&velocity](const at::Tensor& x, float t) { return velocity(x, t); }, noise.to(compute_.device),
        flowTimes(config_.previews.samplerSteps, shiftFor(config_.flow, shape)),
        [&context](const SolverStep&) { return !context.shouldStop(); });
    if (!latent)
        return std::nullopt;
    PreviewPicture preview;
    preview.recordId = sample.id;
    preview.caption = sample.info.value("caption", "");
    preview.picture = pictureFromLatent(*autoencoder_, *latent);
    preview.reference = bucketImageOf(workspace_, sample.id);
    return preview;
}

} // namespace nanodit
