#include "core/train/self_report.h"

#include "core/runs/condition_worth.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/failure.h"
#include "core/runtime/number_text.h"
#include "core/train/measure_worth.h"
#include "core/train/shared_previews.h"

#include <chrono>
#include <utility>

namespace nanodit {

namespace {

constexpr auto rawDifferenceKey = "preview/raw_difference";

/// "preview/boat", "preview/raw/boat"
std::string tagOf(const PreviewPicture& preview)
{
    const std::string kind = previewKindNames[static_cast<std::size_t>(preview.kind)];
    return "preview/" + (kind.empty() ? "" : kind + "/") + preview.recordId;
}

} // namespace

SelfReport::SelfReport(const TrainRequest& request, std::shared_ptr<const ShardSet> trainingSet,
                       DinoStatistics statistics, const Compute& compute, std::filesystem::path runFolder,
                       MetricsFile& metrics, EventFile& events)
    : request_(request)
    , set_(std::move(trainingSet))
    , statistics_(std::move(statistics))
    , compute_(compute)
    , runFolder_(std::move(runFolder))
    , metrics_(metrics)
    , events_(events)
{
}

void SelfReport::paintPreviews(const Trainer& trainer, const JobContext& context, PreviewsThere there)
{
    const WorkAlone alone(trainer.ranks());
    const auto step = trainer.stepsDone();
    if (request_.workspace.config.vae.empty()) {
        context.warn("no preview pictures: the workspace names no autoencoder (encoders.vae in workspace.yaml)");
        return;
    }
    try {
        if (!painter_)
            makePainter(trainer);
        const bool agreed = painter_->agrees();
        const auto* const raw = trainer.config().ema.enabled ? &trainer.model() : nullptr;
        const auto handOn = [this](const PreviewPicture& preview) {
            events_.addPicture(preview.step, tagOf(preview), preview.picture);
            request_.onPreview(preview);
        };
        painter_->paint(*trainer.averagedModel(), raw, step, runFolder_, context, handOn, there);
        const auto difference = painter_->rawDifference();
        if (!difference || has(step, rawDifferenceKey))
            return;
        write(step, {{rawDifferenceKey, *difference}});
        if (painter_->agrees() && !agreed)
            context.info(
                "raw and averaged previews agree: they differ by " + significantText(*difference, 3) +
                " of a pixel's range, less than previews.raw_until; from now on previews use the average alone");
    } catch (const std::exception& error) {
        context.warn("no preview pictures at this step: " + sentenceOf(error));
    }
}

void SelfReport::paintPreviewsTogether(const Trainer& trainer, const JobContext& context)
{
    if (!trainer.ranks().alone()) {
        try {
            if (!painter_ && !request_.workspace.config.vae.empty())
                makePainter(trainer);
        } catch (const std::exception&) {
            // It is tried again, and then told.
        }
        auto painted = paintTogether(painter_.get(), trainer, context);
        if (painter_)
            painter_->take(std::move(painted));
    }
    paintPreviews(trainer, context);
}

bool SelfReport::has(std::int64_t step, const std::string& begin) const
{
    const auto measured = metrics_.measured().find(step);
    if (measured == metrics_.measured().end())
        return false;
    const auto key = measured->second.lower_bound(begin);
    return key != measured->second.end() && key->first.starts_with(begin);
}

void SelfReport::makePainter(const Trainer& trainer)
{
    painter_ = std::make_unique<PreviewPainter>(request_.workspace, trainer.config(),
                                                request_.workspace.config.textTokens, statistics_, set_, compute_);
    for (const auto& [step, values] : metrics_.measured()) { // a resumed run has painted before
        const auto difference = values.find(rawDifferenceKey);
        if (step < trainer.stepsDone() && difference != values.end())
            painter_->recall(difference->second);
    }
}

void SelfReport::measureConditionWorth(const Trainer& trainer, const JobContext& context)
{
    const WorkAlone alone(trainer.ranks());
    try {
        const auto began = std::chrono::steady_clock::now();
        const auto& config = trainer.config();
        const auto model = trainer.averagedModel();
        const WorthMeter meter(*model, statistics_, request_.workspace.config.textTokens, config.seed, compute_);
        auto quiet = context;
        quiet.report = [](const Progress&) {}; // that of the training is shown
        auto pictures = measureWorth(meter,
                                     {.validation = validationShards(request_.workspace),
                                      .training = set_,
                                      .ofValidation = config.metrics.worthValidation,
                                      .ofTraining = config.metrics.worthTraining,
                                      .seed = config.seed},
                                     quiet);
        if (!pictures)
            return; // stopped
        const ConditionWorth worth{.run = request_.runName,
                                   .step = trainer.stepsDone(),
                                   .weights = config.ema.enabled ? "ema" : "raw",
                                   .pictures = std::move(*pictures)};
        writeConditionWorth(runFolder_, worth);
        write(worth.step, meansOf(worth));
        context.info("measured what conditions are worth to " + std::to_string(worth.pictures.size()) +
                     " pictures in " + significantText(secondsSince(began), 3) + " s");
    } catch (const std::exception& error) {
        context.warn("what conditions are worth was not measured at this step: " + sentenceOf(error));
    }
}

/// A line of the run's record, and of TensorBoard's.
void SelfReport::write(std::int64_t step, const EventFile::Scalars& values)
{
    metrics_.appendMeasured(step, values);
    events_.addScalars(step, values);
    request_.onMeasured({.step = step, .values = values});
}

} // namespace nanodit
