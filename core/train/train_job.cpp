#include "core/train/train_job.h"

#include "core/config/yaml.h"
#include "core/dataset/loader.h"
#include "core/dataset/shuffle.h"
#include "core/encoders/encoder_info.h"
#include "core/geometry/bucket.h"
#include "core/io/size_text.h"
#include "core/model/stored_weights.h"
#include "core/runs/catalogue.h"
#include "core/runs/continuation.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_folder.h"
#include "core/runs/run_record.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/error.h"
#include "core/train/forecast.h"
#include "core/train/preview.h"
#include "core/train/train_check.h"
#include "core/train/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

namespace nanodit {

namespace {

constexpr std::int64_t skippedStepsThatEndARun = 5;

std::string listOf(const std::vector<std::string>& names)
{
    std::string text;
    for (const auto& name : names)
        text += (text.empty() ? "" : ", ") + name;
    return text;
}

class TrainJob final : public Job {
public:
    TrainJob(TrainRequest request, IntervalValidator validator)
        : request_(std::move(request))
        , validator_(std::move(validator))
    {
    }
    JobEnd run(const JobContext& outer) override;

private:
    void openData();
    void takeWidthsFromData();
    void refuseWhatDoesNotFit() const;
    void makeTrainer(const JobContext& context);
    void resume(const JobContext& context);
    void makeLoader(const JobContext& context);
    JobEnd train(const JobContext& context);
    JobEnd stop(const JobContext& context);
    void afterStep(const StepMetrics& metrics, const JobContext& context);
    void explainSkippedStep(const StepMetrics& metrics, const JobContext& context);
    void paintPreviews(const JobContext& context);
    bool validationIsDue() const;
    bool validate(const JobContext& context);
    void save();
    void expectFiniteWeights() const;
    TrainReport report() const;

    TrainRequest request_;
    TrainConfig& config_ = request_.config;
    IntervalValidator validator_;
    Compute compute_;
    std::optional<RunFolder> folder_;
    std::shared_ptr<const ShardSet> set_;
    DinoStatistics statistics_; ///< Empty when DINO conditions are not normalised.
    std::unique_ptr<Trainer> trainer_;
    std::unique_ptr<Loader> loader_;
    std::unique_ptr<MetricsFile> metrics_;
    std::unique_ptr<EventFile> events_; ///< The same for TensorBoard.
    std::unique_ptr<TrainCheck> check_;
    std::unique_ptr<PreviewPainter> painter_;
    std::size_t corruptReported_ = 0;
    std::int64_t firstStep_ = 0;
    double lastLoss_ = 0;
    std::filesystem::path checkpoint_;
};

JobEnd TrainJob::run(const JobContext& outer)
{
    throwIfAny(config_.validate(), "the training configuration");
    compute_ = makeCompute(request_.device, config_.arithmetic());
    openData();
    takeWidthsFromData();
    if (!request_.ignoreMemory)
        refuseWhatDoesNotFit();
    folder_.emplace(request_.workspace, request_.runName, request_.resume);
    const auto context = folder_->logged(outer);
    try {
        makeTrainer(context);
        folder_->writeConfig(config_);
        metrics_ = std::make_unique<MetricsFile>(folder_->path(), trainer_->stepsDone());
        events_ = std::make_unique<EventFile>(folder_->path(), trainer_->stepsDone() + 1);
        makeLoader(context);
        const auto end = train(context);
        request_.finished(report());
        return end;
    } catch (const Error& error) {
        folder_->note(LogLevel::Error, error.what()); // who called is told by the exception
        throw;
    }
}

void TrainJob::openData()
{
    set_ = ShardSet::open(request_.workspace.shardsFolder() / config_.data.shards);
    if (config_.data.normaliseDino)
        statistics_ = set_->dinoStatistics();
}

void TrainJob::takeWidthsFromData()
{
    auto& model = config_.model;
    model.textDim = set_->textWidth();
    model.dinoDim = set_->dinoWidth();
    model.latentChannels = set_->latentChannels();
}

/// The kernel ends a process that takes more than there is, and with it the window: better no first step.
void TrainJob::refuseWhatDoesNotFit() const
{
    const auto data = trainData(request_.workspace, config_);
    const auto there = availableMemory(request_.device);
    const auto forecast = forecastTraining(config_, data);
    const auto needed = forecast.memory.total();
    if (there == 0 || needed <= there)
        return;
    std::string ways;
    for (const auto& change : fittingChanges(config_, data, there)) {
        ways += ways.empty() ? ": it would fit with " : ", or with ";
        for (std::size_t i = 0; i < change.settings.size(); ++i)
            ways += (i == 0 ? "" : " and ") + change.settings[i].first + " " + change.settings[i].second;
        ways += " (" + sizeText(change.memory) + ")";
    }
    throw DataError("this training needs about " + sizeText(needed) + " of memory, but " + sizeText(there) +
                    " are free" +
                    (ways.empty() ? ": use a smaller model, smaller pictures, or a machine with more memory" : ways));
}

void TrainJob::makeTrainer(const JobContext& context)
{
    trainer_ = std::make_unique<Trainer>(config_, request_.workspace.config.textTokens, compute_);
    context.info("computing on " + compute_.text() + " with " + computeInfo().description);
    context.info("run \"" + request_.runName + "\": " + std::to_string(elementCount(trainer_->model().parameters())) +
                 " parameters, " + std::to_string(set_->entries().size()) + " samples");
    if (request_.resume)
        resume(context);
    else if (!config_.warmStart.checkpoint.empty()) {
        const auto source = request_.workspace.path(config_.warmStart.checkpoint);
        const auto taken = trainer_->startFrom(readStoredWeights(source), source.string());
        context.info(taken.text());
        if (const auto warning = taken.warning(); !warning.empty())
            context.warn(warning);
        context.info("learning rate after a warm start: " + std::to_string(config_.warmStart.lrFactor) + " x " +
                     std::to_string(config_.optimiser.lr));
    }
    firstStep_ = trainer_->stepsDone();
    for (const auto& remark : config_.remarks(firstStep_))
        context.warn(remark.key + " " + remark.message);
    if (request_.resume && firstStep_ >= config_.schedule.steps)
        context.warn("nothing is left to train: the run has done " + std::to_string(firstStep_) + " steps, and " +
                     std::to_string(config_.schedule.steps) +
                     " are asked for; ask for more (schedule.steps) to go on");
}

void TrainJob::resume(const JobContext& context)
{
    checkpoint_ = listCheckpoints(folder_->path()).back();
    if (!canBeResumed(checkpoint_))
        throw DataError("the checkpoint " + checkpoint_.string() +
                        " holds averaged weights only, which cannot be trained on as they were: start a new run from it "
                        "(warm_start.checkpoint)");
    const auto state = readCheckpointState(checkpoint_);
    appendResumption(folder_->path(),
                     {.step = state.step,
                      .changed = differences({[before = state.config](FieldVisitor& v) mutable { before.visit(v); },
                                              [this](FieldVisitor& v) { config_.visit(v); }})});
    if (state.config.seed != config_.seed)
        context.warn("the seed changed from " + std::to_string(state.config.seed) + " to " +
                     std::to_string(config_.seed) + ": the run goes on, but not as it would have");
    if (!(state.dino.toJson() == statistics_.toJson()))
        context.warn(
            "the DINO statistics of the data set changed since the checkpoint: the run goes on with the new ones");
    trainer_->restore(state, readCheckpointTensors(checkpoint_), checkpoint_.string());
    context.info("resumed from " + checkpoint_.string());
}

void TrainJob::makeLoader(const JobContext& context)
{
    LoaderOptions options;
    options.batchSize = config_.data.batchSize;
    options.seed = static_cast<std::uint64_t>(config_.seed);
    options.position = trainer_->samplePosition();
    options.normaliseDino = config_.data.normaliseDino;
    options.prefetch = config_.data.prefetch;
    if (!statistics_.empty())
        options.statistics = statistics_;
    loader_ = std::make_unique<Loader>(set_, options);
    if (set_->masked() > 0)
        context.info(std::to_string(set_->masked()) + " of " + std::to_string(set_->entries().size()) +
                     " samples weigh their loss by a mask");
    std::vector<ImageSize> buckets;
    for (const auto& entry : set_->entries())
        buckets.push_back(entry.bucket);
    for (const auto& line : epochLedger(buckets, config_.data.batchSize)) {
        const auto about = "bucket " + bucketName(line.bucket) + ": " + std::to_string(line.samples) + " samples in " +
                           std::to_string(line.batches) + " batches an epoch";
        if (!line.fillsABatch)
            context.warn(about + "; too few to fill one of " + std::to_string(config_.data.batchSize) +
                         ", so each is seen more than once in it: lower data.batch_size, or leave the bucket out");
        else
            context.info(about +
                         (line.seenTwice > 0 ? ", " + std::to_string(line.seenTwice) + " of them seen twice" : ""));
    }
}

JobEnd TrainJob::train(const JobContext& context)
{
    if (request_.check) {
        std::optional<std::int64_t> patchSize;
        if (!request_.workspace.config.dinoEncoder.empty())
            patchSize = dinoEncoderInfo(request_.workspace).patchSize;
        check_ = std::make_unique<TrainCheck>(config_, request_.workspace.config.textTokens, trainer_->warmStarted(),
                                              patchSize);
    }
    ProgressMeter progress(context, Stage::Training, config_.schedule.steps, Unit::Steps);
    progress.skip(trainer_->stepsDone());
    const Trainer::Observer observer =
        check_ ? Trainer::Observer([this](const MicroBatchTrace& trace) { check_->observe(trace); })
               : Trainer::Observer();
    // A run that was stopped while it was validated goes on with that.
    if (trainer_->stepsDone() > 0 && validationIsDue() && !metrics_->hasValidation(trainer_->stepsDone()) &&
        !validate(context))
        return stop(context);
    while (trainer_->stepsDone() < config_.schedule.steps) {
        auto metrics =
            trainer_->step([this] { return loader_->next(); }, [&context] { return context.shouldStop(); }, observer);
        if (!metrics)
            return stop(context);
        metrics->damagedSamples = static_cast<std::int64_t>(loader_->corrupt().size());
        afterStep(*metrics, context);
        progress.update(trainer_->stepsDone());
        if (!metrics->skipped && validationIsDue() && !validate(context))
            return stop(context);
    }
    save();
    context.info("finished step " + std::to_string(trainer_->stepsDone()) + ", saved " + checkpoint_.string());
    if (check_)
        context.info("samples with null patches: " + listOf(check_->nullPatchSamples()));
    return JobEnd::Finished;
}

JobEnd TrainJob::stop(const JobContext& context)
{
    save();
    context.info("stopped after step " + std::to_string(trainer_->stepsDone()) + ", saved " + checkpoint_.string());
    return JobEnd::Cancelled;
}

void TrainJob::afterStep(const StepMetrics& metrics, const JobContext& context)
{
    lastLoss_ = metrics.loss;
    metrics_->append(metrics);
    events_->addScalars(metrics.step, scalarsOf(metrics));
    request_.onStep(metrics);
    if (check_)
        check_->observe(metrics, trainer_->model().parameters());
    const auto corrupt = loader_->corrupt();
    for (; corruptReported_ < corrupt.size(); ++corruptReported_)
        context.warn("sample " + corrupt[corruptReported_].id + " was left out: " + corrupt[corruptReported_].reason);
    if (metrics.skipped) {
        explainSkippedStep(metrics, context);
        return; // Neither saved nor painted: the weights are those of the step before.
    }
    const auto every = [&metrics](std::int64_t steps) { return steps > 0 && metrics.step % steps == 0; };
    if (request_.commands->checkpointNow.exchange(false) || every(config_.saving.every))
        save();
    if (request_.commands->previewNow.exchange(false) || every(config_.previews.every))
        paintPreviews(context);
}

void TrainJob::explainSkippedStep(const StepMetrics& metrics, const JobContext& context)
{
    const auto what = std::isfinite(metrics.loss) ? "gradient" : "loss";
    const auto samples = listOf(trainer_->suspects());
    context.warn("step " + std::to_string(metrics.step) + " was skipped: its " + what +
                 " was not finite; it held the samples " + samples);
    if (trainer_->skippedInARow() >= skippedStepsThatEndARun)
        throw Error("training stopped at step " + std::to_string(metrics.step) + " because the " + what +
                    " was not finite for " + std::to_string(skippedStepsThatEndARun) +
                    " steps in a row (last samples: " + samples +
                    "): lower optimiser.lr or check these samples, then resume from " +
                    (checkpoint_.empty() ? "the start, as no checkpoint was written yet" : checkpoint_.string()));
}

void TrainJob::paintPreviews(const JobContext& context)
{
    if (request_.workspace.config.vae.empty()) {
        context.warn("no preview pictures: the workspace names no autoencoder (encoders.vae in workspace.yaml)");
        return;
    }
    try { // A picture that cannot be painted must not end a training run.
        if (!painter_)
            painter_ = std::make_unique<PreviewPainter>(
                request_.workspace, config_, request_.workspace.config.textTokens, statistics_, set_, compute_);
        painter_->paint(*trainer_->averagedModel(), trainer_->stepsDone(), folder_->path(), context,
                        [this](const PreviewPicture& preview) {
                            events_->addPicture(preview.step, "preview/" + preview.recordId, preview.picture);
                            request_.onPreview(preview);
                        });
    } catch (const Error& error) {
        context.warn(std::string("no preview pictures at this step: ") + error.what());
    }
}

bool TrainJob::validationIsDue() const
{
    return config_.validation.every > 0 && trainer_->stepsDone() % config_.validation.every == 0;
}

/// False when stopped. The checkpoint that it saves is where a run that is stopped or killed meanwhile goes on.
bool TrainJob::validate(const JobContext& context)
{
    save();
    std::optional<EventFile::Scalars> means;
    try { // What cannot be validated must not end a training run.
        means = validator_(checkpoint_, context);
    } catch (const Error& error) {
        context.warn("no validation at step " + std::to_string(trainer_->stepsDone()) + ": " + error.what());
        return true;
    }
    if (!means)
        return false;
    metrics_->appendValidation(trainer_->stepsDone(), *means);
    for (auto& [name, value] : *means)
        name.insert(0, "validation/");
    events_->addScalars(trainer_->stepsDone(), *means);
    return true;
}

/// A checkpoint of weights that are not finite would take the place of a good one.
void TrainJob::expectFiniteWeights() const
{
    for (const auto& [name, value] : trainer_->model().parameters()) {
        if (!at::isfinite(value.detach()).all().item<bool>())
            throw Error("training ended at step " + std::to_string(trainer_->stepsDone()) + ": the weights " + name +
                        " are infinite or not a number, so no checkpoint was written; lower optimiser.lr or look at "
                        "optimiser.eps, then resume from " +
                        (checkpoint_.empty() ? "the start, as no checkpoint was written yet" : checkpoint_.string()));
    }
}

void TrainJob::save()
{
    expectFiniteWeights();
    const CheckpointState state{.run = request_.runName,
                                .step = trainer_->stepsDone(),
                                .samplePosition = trainer_->samplePosition(),
                                .warmStarted = trainer_->warmStarted(),
                                .config = config_,
                                .textTokens = request_.workspace.config.textTokens,
                                .dino = statistics_,
                                .encoders = set_->encoders()};
    checkpoint_ = writeCheckpoint(folder_->path(), state, trainer_->tensors());
    removeOldCheckpoints(folder_->path(), config_.saving.keep);
}

TrainReport TrainJob::report() const
{
    return {.runName = request_.runName,
            .firstStep = firstStep_,
            .lastStep = trainer_->stepsDone(),
            .parameters = elementCount(trainer_->model().parameters()),
            .finalLoss = lastLoss_,
            .checkpoint = checkpoint_,
            .checks = check_ ? check_->lines() : std::vector<CheckLine>{}};
}

} // namespace

std::unique_ptr<Job> makeTrainJobWith(TrainRequest request, IntervalValidator validator)
{
    return std::make_unique<TrainJob>(std::move(request), std::move(validator));
}

bool TrainReport::passed() const
{
    return std::all_of(checks.begin(), checks.end(), [](const CheckLine& line) { return line.passed; });
}

} // namespace nanodit
