#include "core/train/preview.h"

#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/io/image.h"
#include "core/runs/previews.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"
#include "core/sample/guidance.h"
#include "core/sample/picture.h"
#include "core/sample/sample_request.h"
#include "core/sample/shared_models.h"
#include "core/sample/solver.h"
#include "core/train/draws.h"
#include "core/train/train_job.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace nanodit {

namespace {

at::Tensor batchOfOne(const Array& array)
{
    return floatCopyOf(array).unsqueeze(0);
}

/// Empty when the record or its picture is gone or damaged: shards outlive them.
Image bucketImageOf(const Workspace& workspace, const std::string& id)
{
    try {
        const auto record = Catalog::open(workspace).find(id);
        return record ? makeBucketImage(readImage(record->image), record->bucket) : Image{};
    } catch (const Error&) {
        return {};
    }
}

/// Training leaves out what is not, and so do previews.
bool isReadable(const ShardSet& set, std::int64_t index)
{
    try {
        set.read(index);
        return true;
    } catch (const DataError&) {
        return false;
    }
}

/// The next sample of the same bucket, so that patches lie on the same grid.
std::optional<std::int64_t> swapPartner(const ShardSet& set, std::int64_t index)
{
    const auto entries = set.entries();
    const auto count = static_cast<std::int64_t>(entries.size());
    for (std::int64_t i = 1; i < count; ++i) {
        const auto other = (index + i) % count;
        if (entries[static_cast<std::size_t>(other)].bucket == entries[static_cast<std::size_t>(index)].bucket &&
            isReadable(set, other))
            return other;
    }
    return std::nullopt;
}

/// Mean absolute difference of pixels, as a share of their range.
double meanDifference(const Image& a, const Image& b)
{
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < a.rgb.size(); ++i)
        sum += std::abs(static_cast<int>(a.rgb[i]) - static_cast<int>(b.rgb[i]));
    return a.rgb.empty() ? 0 : static_cast<double>(sum) / (255.0 * static_cast<double>(a.rgb.size()));
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
    if (auto validation = validationShards(workspace_))
        set_ = std::move(validation);
}

bool PreviewPainter::paint(const NanoDiT& model, const NanoDiT* raw, std::int64_t step,
                           const std::filesystem::path& runFolder, const JobContext& context,
                           const std::function<void(const PreviewPicture&)>& onPreview, PreviewsThere there)
{
    rawDifference_.reset();
    const auto count = recordCount();
    const bool bothWeights = raw != nullptr && paintsRaw();
    auto taken = std::exchange(taken_, {});
    double differences = 0;
    std::int64_t compared = 0;
    for (std::int64_t i = 0; i < count; ++i) {
        std::optional<ShardSample> sample;
        try {
            sample = set_->read(i);
        } catch (const DataError& error) { // that one alone
            context.warn("no preview of the record " + set_->entries()[static_cast<std::size_t>(i)].id + ": " +
                         error.what());
            continue;
        }
        PreviewPicture preview{.step = step,
                               .recordId = sample->id,
                               .caption = sample->info.value("caption", ""),
                               .picture = {},
                               .reference = bucketImageOf(workspace_, sample->id)};
        const auto paintAs = [&](PreviewKind kind) {
            const auto file = previewFile(runFolder, step, preview.recordId, kind);
            if (there == PreviewsThere::Keep && std::filesystem::exists(file)) {
                preview.picture = readImage(file);
                return true;
            }
            const auto found = taken.find({i, kind});
            auto picture = found != taken.end() ? std::optional(std::move(found->second))
                                                : paintOne(kind == PreviewKind::Raw ? *raw : model, i, kind, context);
            if (!picture)
                return false;
            preview.kind = kind;
            preview.picture = std::move(*picture);
            std::filesystem::create_directories(file.parent_path());
            writePng(file, preview.picture);
            onPreview(preview);
            return true;
        };
        Image averaged;
        for (const auto kind : kindsOf(i, bothWeights)) {
            if (!paintAs(kind))
                return false;
            if (kind == PreviewKind::Usual) {
                averaged = preview.picture;
            } else if (kind == PreviewKind::Raw) {
                differences += meanDifference(averaged, preview.picture);
                ++compared;
            }
        }
    }
    if (compared > 0) {
        rawDifference_ = differences / static_cast<double>(compared);
        agrees_ = *rawDifference_ < config_.previews.rawUntil;
    }
    return true;
}

std::vector<PaintedPreview> PreviewPainter::paintShare(const NanoDiT& model, const NanoDiT* raw, std::int64_t rank,
                                                       std::int64_t ranks, const JobContext& context)
{
    std::vector<PaintedPreview> painted;
    std::int64_t number = 0;
    for (std::int64_t i = 0; i < recordCount(); ++i) {
        if (!isReadable(*set_, i))
            continue;
        for (const auto kind : kindsOf(i, raw != nullptr)) {
            if (number++ % ranks != rank)
                continue;
            auto picture = paintOne(kind == PreviewKind::Raw ? *raw : model, i, kind, context);
            if (!picture)
                return painted;
            painted.push_back({.record = i, .kind = kind, .picture = std::move(*picture)});
        }
    }
    return painted;
}

void PreviewPainter::take(std::vector<PaintedPreview> painted)
{
    taken_.clear();
    for (auto& preview : painted)
        taken_[{preview.record, preview.kind}] = std::move(preview.picture);
}

std::int64_t PreviewPainter::recordCount() const
{
    return std::min(config_.previews.count, static_cast<std::int64_t>(set_->entries().size()));
}

/// In the order in which they are painted: raw ones are compared with those before.
std::vector<PreviewKind> PreviewPainter::kindsOf(std::int64_t index, bool withRaw)
{
    std::vector<PreviewKind> kinds = {PreviewKind::Usual};
    if (withRaw)
        kinds.push_back(PreviewKind::Raw);
    for (const auto kind : conditionPreviews) {
        if (index < config_.previews.conditions && canBePainted(index, kind))
            kinds.push_back(kind);
    }
    return kinds;
}

bool PreviewPainter::canBePainted(std::int64_t index, PreviewKind kind)
{
    if (kind == PreviewKind::ClsOnly || kind == PreviewKind::Shuffled)
        return config_.model.useDinoPatches; // else CLS alone is DINO alone, and there is nothing to shuffle
    return kind != PreviewKind::Swapped || swapPartner(*set_, index).has_value();
}

std::optional<Image> PreviewPainter::paintOne(const NanoDiT& model, std::int64_t index, PreviewKind kind,
                                              const JobContext& context)
{
    const at::NoGradGuard noGradient;
    if (!autoencoder_)
        autoencoder_ = openAutoencoder(workspace_.path(workspace_.config.vae), compute_);
    const auto sample = set_->read(index);
    const auto shape = tensorFromArray(sample.latent).sizes().vec();
    auto generator = generatorFor({.seed = config_.seed, .step = -1, .microBatch = index});
    const auto noise = at::randn({1, shape[0], shape[1], shape[2]}, generator, at::TensorOptions(at::kFloat));
    auto conditions = conditionsOf(sample, statistics_, textTokens_);
    if (kind == PreviewKind::ClsOnly) {
        conditions.patchMask = at::zeros({1, conditions.patches.size(1)}, at::kBool);
    } else if (kind == PreviewKind::Swapped) {
        const auto other = conditionsOf(set_->read(*swapPartner(*set_, index)), statistics_, textTokens_);
        conditions.cls = other.cls;
        conditions.patches = other.patches;
        conditions.patchGrid = other.patchGrid;
    } else if (kind == PreviewKind::Shuffled) {
        auto order = generatorFor({.seed = config_.seed, .step = -1, .microBatch = index}, DrawStream::Patches);
        conditions.patches = conditions.patches.index_select(
            1, at::randperm(conditions.patches.size(1), order, at::TensorOptions(at::kLong)));
    }
    const GivenConditions given{.text = kind != PreviewKind::DinoOnly && kind != PreviewKind::ClsOnly,
                                .dino = kind != PreviewKind::TextOnly};
    GuidedVelocity velocity(model, conditions, given, model.tokenGrid(shape[1], shape[2]),
                            {.textScale = config_.previews.textScale, .dinoScale = config_.previews.dinoScale},
                            compute_);
    const auto stop = [&context] { return context.shouldStop(); };
    velocity.stopWhen(stop);
    const auto latent = solve(
        Solver::Euler, [&velocity](const at::Tensor& x, float t) { return velocity(x, t); }, noise.to(compute_.device),
        flowTimes(config_.previews.samplerSteps, shiftFor(config_.flow, shape)),
        [&stop](const SolverStep&) { return !stop(); });
    if (!latent)
        return std::nullopt;
    return pictureFromLatent(*autoencoder_, *latent, stop);
}

std::shared_ptr<const ShardSet> validationShards(const Workspace& workspace)
{
    const auto folder = workspace.shardsFolder() / "val";
    if (!std::filesystem::exists(folder))
        return nullptr;
    auto set = ShardSet::open(folder);
    return set->entries().empty() ? nullptr : set;
}

} // namespace nanodit
