#include "core/train/train_job.h"

#include "core/config/yaml.h"
#include "core/dataset/ledger.h"
#include "core/dataset/loader.h"
#include "core/encoders/encoder_info.h"
#include "core/io/sha256.h"
#include "core/model/stored_weights.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_folder.h"
#include "core/runs/run_history.h"
#include "core/runtime/compute_info.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"
#include "core/runtime/tf32.h"
#include "core/runtime/torch_version.h"
#include "core/train/checkpoint_writer.h"
#include "core/train/memory_check.h"
#include "core/train/resume.h"
#include "core/train/same_everywhere.h"
#include "core/train/self_report.h"
#include "core/train/shared_previews.h"
#include "core/train/step_news.h"
#include "core/train/step_words.h"
#include "core/train/train_check.h"
#include "core/train/trainer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cmath>

namespace nanodit {

namespace {

constexpr std::int64_t skippedStepsThatEndARun = 5;

class TrainJob final : public Job {
public:
    TrainJob(TrainRequest request, IntervalValidator validator)
        : request_(std::move(request))
        , validator_(std::move(validator))
    {
    }
    JobEnd run(const JobContext& outer) override;

private:
    JobEnd prepareAndTrain(const JobContext& outer);
    /// What a rank other than 0 does.
    JobEnd follow(const JobContext& context);
    void openData();
    /// With the others, who must train the same.
    void meet();
    void makeTrainer(const JobContext& context);
    void resume(const JobContext& context);
    CheckpointState stateNow() const;
    LoaderOptions loaderOptions() const;
    JobEnd train(const JobContext& context);
    JobEnd stop(const JobContext& context);
    JobEnd stopBetweenSteps(const JobContext& context);
    void tellEvent(const std::string& kind, const std::string& text);
    void tellNews(const StepMetrics& metrics, const StepNews& news, const JobContext& context);
    void afterStep(const StepMetrics& metrics, double seconds, const JobContext& context);
    void explainUnsoundStep(const StepMetrics& metrics, const std::vector<std::string>& suspects,
                            const JobContext& context);
    void tell(const std::string& kind, const std::string& text, const nlohmann::json& details,
              const JobContext& context);
    /// Whether what happens every so many steps, 0 for never, happens at this one.
    bool isDue(std::int64_t every) const;
    bool completeResumedStep(const JobContext& context);
    bool validate(const JobContext& context);
    void save();
    void saveAndWait();
    void tellWritten();
    /// On the way out by an exception: what was learnt since the last checkpoint.
    void saveWhatThereIs();
    TrainReport report() const;

    TrainRequest request_;
    TrainConfig& config_ = request_.config;
    IntervalValidator validator_;
    Compute compute_;
    RunFolder* folder_ = nullptr; ///< While it runs.
    std::shared_ptr<const ShardSet> set_;
    std::string dataSet_;       ///< See Circumstances.
    DinoStatistics statistics_; ///< Empty when DINO conditions are not normalised.
    std::unique_ptr<Trainer> trainer_;
    std::unique_ptr<Loader> loader_;
    std::unique_ptr<MetricsFile> metrics_;
    std::unique_ptr<EventFile> events_; ///< The same for TensorBoard.
    std::unique_ptr<CheckpointWriter> writer_;
    StepWatch watch_;
    std::unique_ptr<TrainCheck> check_;
    std::unique_ptr<SelfReport> selfReport_;
    std::size_t corruptReported_ = 0;
    std::int64_t firstStep_ = 0;
    std::int64_t blackBoxes_ = 0; ///< Written by this process.
    double lastLoss_ = 0;
};

JobEnd TrainJob::run(const JobContext& outer)
{
    try {
        const auto end = prepareAndTrain(outer);
        tellEvent(end == JobEnd::Finished ? "finished" : "stopped",
                  end == JobEnd::Finished ? "the training has finished" : "the training was stopped");
        return end;
    } catch (const std::exception& error) {
        tellEvent("failed", sentenceOf(error));
        throw;
    }
}

void TrainJob::tellEvent(const std::string& kind, const std::string& text)
{
    if (request_.meeting.rank == 0)
        request_.onEvent(
            {.kind = kind, .run = request_.runName, .step = trainer_ ? trainer_->stepsDone() : 0, .text = text});
}

JobEnd TrainJob::prepareAndTrain(const JobContext& outer)
{
    throwIfAny(config_.validate(), "the training configuration");
    compute_ = makeCompute(request_.device, config_.arithmetic());
    const Tf32Hold tf32(compute_.device, config_.tf32); // whatever else is opened meanwhile
    openData();
    if (!request_.ignoreMemory)
        requireMemory(request_.workspace, config_, request_.device, request_.ranksHere);
    if (request_.meeting.rank > 0)
        return follow(outer);
    RunFolder folder(request_.workspace, request_.runName, request_.resume);
    folder_ = &folder;
    const auto context = folder.logged(outer);
    try {
        writer_ = std::make_unique<CheckpointWriter>(folder_->path(), config_.saving);
        makeTrainer(context);
        folder_->writeConfig(config_, trainer_->stepsDone());
        metrics_ = std::make_unique<MetricsFile>(folder_->path(), trainer_->stepsDone());
        events_ = std::make_unique<EventFile>(folder_->path(), trainer_->stepsDone() + 1);
        selfReport_ =
            std::make_unique<SelfReport>(request_, set_, statistics_, compute_, folder_->path(), *metrics_, *events_);
        loader_ = std::make_unique<Loader>(set_, loaderOptions());
        tellEpoch(*set_, config_.data.batchSize, context);
        const auto end = train(context);
        request_.finished(report());
        writer_.reset();
        return end;
    } catch (const std::exception& error) {
        folder.note(LogLevel::Error, sentenceOf(error)); // who called is told by the exception
        saveWhatThereIs();
        if (!metrics_ && !request_.resume) // it has not begun, as after a warm start that failed
            folder.abandon();
        writer_.reset(); // before another process may have the folder
        throw;
    }
}

JobEnd TrainJob::follow(const JobContext& context)
{
    meet();
    trainer_->takeStateOfFirst();
    loader_ = std::make_unique<Loader>(set_, loaderOptions());
    PreviewHelp help(request_.workspace, statistics_, set_, compute_);
    while (trainer_->stepsDone() < config_.schedule.steps) {
        const auto metrics =
            trainer_->step([this] { return loader_->next(); }, [&context] { return context.shouldStop(); });
        if (!metrics)
            return JobEnd::Cancelled;
        newsOf(*metrics, 0, watch_, *trainer_); // which rank 0 tells
        if (trainer_->skippedInARow() >= skippedStepsThatEndARun)
            return JobEnd::Cancelled; // rank 0 says why
        if (!metrics->skipped && isDue(config_.previews.every))
            help.paint(*trainer_, context);
    }
    return JobEnd::Finished;
}

void TrainJob::openData()
{
    set_ = ShardSet::open(request_.workspace.shardsFolder() / config_.data.shards);
    if (config_.data.normaliseDino)
        statistics_ = set_->dinoStatistics();
    dataSet_ = config_.data.shards + ", " + std::to_string(set_->entries().size()) + " samples";
    if (const auto manifest = set_->folder() / "shards.json"; std::filesystem::exists(manifest))
        dataSet_ += ", " + sha256OfFile(manifest).substr(0, 12);
    auto& model = config_.model;
    model.textDim = set_->textWidth();
    model.dinoDim = set_->dinoWidth();
    model.latentChannels = set_->latentChannels();
}

void TrainJob::meet()
{
    trainer_ = std::make_unique<Trainer>(config_, request_.workspace.config.textTokens, compute_,
                                         joinCollective(request_.meeting, compute_.device));
    expectSameEverywhere(trainer_->ranks(), stateNow(), compute_);
}

void TrainJob::makeTrainer(const JobContext& context)
{
    meet();
    if (request_.meeting.size > 1)
        context.info(std::to_string(request_.meeting.size) + " processes train it together");
    context.info("computing on " + compute_.text() + " with " + computeInfo().description);
    context.info("run \"" + request_.runName + "\": " + std::to_string(elementCount(trainer_->model().parameters())) +
                 " parameters, " + std::to_string(set_->entries().size()) + " samples");
    if (request_.resume)
        resume(context);
    else
        appendRunEvent(folder_->path(), 0, "begun", "started with " + dataSet_ + " on " + compute_.text());
    if (!request_.resume && !config_.warmStart.checkpoint.empty()) {
        const auto source = request_.workspace.path(config_.warmStart.checkpoint);
        const auto taken = trainer_->startFrom(readStoredWeights(source), source.string());
        context.info(taken.text());
        if (const auto warning = taken.warning(); !warning.empty())
            context.warn(warning);
        context.info("learning rate after a warm start: " + std::to_string(config_.warmStart.lrFactor) + " x " +
                     std::to_string(config_.optimiser.lr));
    }
    trainer_->takeStateOfFirst();
    firstStep_ = trainer_->stepsDone();
    for (const auto& remark : config_.remarks(firstStep_))
        context.warn(remark.key + " " + remark.message);
    if (const auto outdated = outdatedSamples(request_.workspace, *set_))
        context.warn(outdated->text + ": pack the set again");
    if (request_.resume && firstStep_ >= config_.schedule.steps)
        context.warn("nothing is left to train: the run has done " + std::to_string(firstStep_) + " steps, and " +
                     std::to_string(config_.schedule.steps) + " are set; raise schedule.steps to continue");
}

void TrainJob::resume(const JobContext& context)
{
    const auto restored = restoreNewestWhole(*trainer_, folder_->path(), request_.from, stateNow(), context);
    const auto step = trainer_->stepsDone();
    writer_->found(step, restored.checkpoint);
    if (const auto folder = setAsideBehind(folder_->path(), step); !folder.empty())
        context.warn("checkpoints and reports of later steps were moved to " + folder.string());
    context.info("resumed from " + restored.checkpoint.string());
    tellDifferences(restored, folder_->path(), step, context);
}

CheckpointState TrainJob::stateNow() const
{
    return {.run = request_.runName,
            .step = trainer_->stepsDone(),
            .samplePosition = trainer_->samplePosition(),
            .warmStarted = trainer_->warmStarted(),
            .config = config_,
            .textTokens = request_.workspace.config.textTokens,
            .dino = statistics_,
            .encoders = set_->encoders(),
            .circumstances = {.dataSet = dataSet_,
                              .libTorch = builtTorchVersion(),
                              .computedOn = compute_.text(),
                              .ranks = std::to_string(request_.meeting.size)}};
}

LoaderOptions TrainJob::loaderOptions() const
{
    auto options = loaderOptionsOf(stateNow());
    options.rank = request_.meeting.rank;
    options.ranks = request_.meeting.size;
    options.pinned = compute_.device.is_cuda();
    return options;
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
    const auto all =
        std::max(config_.schedule.steps, trainer_->stepsDone()); // more are done where fewer were asked for
    ProgressMeter progress(context, Stage::Training, all, Unit::Steps);
    progress.skip(trainer_->stepsDone());
    const Trainer::Observer observer =
        check_ ? Trainer::Observer([this](const MicroBatchTrace& trace) { check_->observe(trace); })
               : Trainer::Observer();
    const auto next = [this, &context]() -> std::optional<Batch> {
        if (!trainer_->ranks().alone()) // they stop together, before a step
            return loader_->next();
        return loader_->nextUnless([&context] { return context.control->stopRequested(); }); // a pause is no wait
    };
    if (trainer_->stepsDone() > 0 && !completeResumedStep(context))
        return stopBetweenSteps(context);
    while (trainer_->stepsDone() < config_.schedule.steps) {
        if (folder_->lock().lost())
            throw StoreError("the lock of the run \"" + request_.runName +
                             "\" was taken or removed while it was trained: another process may write to its folder");
        const auto began = std::chrono::steady_clock::now();
        auto metrics = trainer_->step(
            next, [&context] { return context.shouldStop(); }, observer);
        if (!metrics)
            return stop(context);
        metrics->damagedSamples = static_cast<std::int64_t>(loader_->corruptCount());
        afterStep(*metrics, secondsSince(began), context);
        progress.update(trainer_->stepsDone());
        if (!metrics->skipped && isDue(config_.validation.every) && !validate(context))
            return stopBetweenSteps(context);
    }
    saveAndWait();
    context.info("finished step " + std::to_string(trainer_->stepsDone()) + ", saved " + writer_->newest().string());
    if (check_)
        context.info(check_->nullPatchText());
    return JobEnd::Finished;
}

JobEnd TrainJob::stop(const JobContext& context)
{
    saveAndWait();
    context.info("stopped after step " + std::to_string(trainer_->stepsDone()) + ", saved " +
                 writer_->newest().string());
    return JobEnd::Cancelled;
}

/// Where rank 0 worked alone while the others were about to begin the next step, or through with the last.
JobEnd TrainJob::stopBetweenSteps(const JobContext& context)
{
    if (trainer_->stepsDone() < config_.schedule.steps)
        trainer_->step({}, [] { return true; }); // all ask each other first whether one stops
    return stop(context);
}

void TrainJob::tellNews(const StepMetrics& metrics, const StepNews& news, const JobContext& context)
{
    if (!news.finding)
        return;
    const auto& [kind, text] = *news.finding;
    auto details = nlohmann::json::object();
    if (news.isJump()) { // as readLossJumps() takes them
        details["what"] = text;
        details["samples"] = news.samples;
    }
    tell(kind, text + (news.isJump() ? "; it held the samples " + listOf(news.samples) : ""), details, context);
    if (news.isJump())
        request_.onJump({.step = metrics.step, .text = text, .samples = news.samples});
    tellEvent(kind, text);
}

/// A warning that the run's history keeps.
void TrainJob::tell(const std::string& kind, const std::string& text, const nlohmann::json& details,
                    const JobContext& context)
{
    context.warn(text);
    appendRunEvent(folder_->path(), trainer_->stepsDone(), kind, text, details);
}

void TrainJob::afterStep(const StepMetrics& metrics, double seconds, const JobContext& context)
{
    lastLoss_ = metrics.loss;
    metrics_->append(metrics);
    events_->addScalars(metrics.step, scalarsOf(metrics));
    request_.onStep(metrics);
    const auto news = newsOf(metrics, seconds, watch_, *trainer_);
    tellNews(metrics, news, context);
    if (check_)
        check_->observe(metrics, trainer_->model().parameters());
    for (const auto& sample : loader_->corrupt(corruptReported_)) {
        ++corruptReported_;
        context.warn("sample " + sample.id + " was left out: " + sample.reason);
    }
    if (!trainer_->attentionFault().empty())
        context.warn("attention was not measured at this step: " + trainer_->attentionFault());
    tellWritten();
    if (metrics.skipped || metrics.leftOut > 0)
        explainUnsoundStep(metrics, news.suspects, context);
    if (request_.commands->checkpointNow.exchange(false) || metrics.step % config_.saving.every == 0 ||
        metrics.step - std::max<std::int64_t>(0, writer_->step()) >= config_.saving.every)
        save();
    if (metrics.skipped)
        return; // the weights are those of the step before
    // Asked for of this rank alone.
    const bool asked = request_.commands->previewNow.exchange(false);
    if (isDue(config_.previews.every))
        selfReport_->paintPreviewsTogether(*trainer_, context);
    else if (asked)
        selfReport_->paintPreviews(*trainer_, context);
    if (isDue(config_.metrics.worthEvery))
        selfReport_->measureConditionWorth(*trainer_, context);
}

void TrainJob::explainUnsoundStep(const StepMetrics& metrics, const std::vector<std::string>& suspects,
                                  const JobContext& context)
{
    constexpr std::int64_t blackBoxesKept = 10, evidenceKept = 3; // of one process: more would tell nothing new
    const auto microBatches = config_.optimiser.accumulation * request_.meeting.size;
    tell(metrics.skipped ? "skipped" : "left_out", unsoundStepText(metrics, microBatches, suspects),
         nlohmann::json::object({{"samples", suspects}}), context);
    if (blackBoxes_++ < blackBoxesKept) {
        writeBlackBox(folder_->path(), trainer_->lastStep(), trainer_->parameters());
        if (metrics.skipped && trainer_->skippedInARow() == 1 && blackBoxes_ <= evidenceKept)
            save(); // with the weights that the step began with: it can be run again from there
    }
    if (trainer_->skippedInARow() >= skippedStepsThatEndARun)
        throw Error(endOfSkippedSteps(metrics, skippedStepsThatEndARun, microBatches, suspects));
}

bool TrainJob::isDue(std::int64_t every) const
{
    return every > 0 && trainer_->stepsDone() % every == 0;
}

/// A run that was stopped or killed behind a checkpoint goes on with what that step still lacks: the weights are those
/// that it would have been made with. False when stopped.
bool TrainJob::completeResumedStep(const JobContext& context)
{
    const auto step = trainer_->stepsDone();
    if (metrics_->wasSkipped(step))
        return true;
    if (isDue(config_.previews.every))
        selfReport_->paintPreviews(*trainer_, context, PreviewsThere::Keep);
    if (isDue(config_.metrics.worthEvery) && !selfReport_->hasConditionWorth(step))
        selfReport_->measureConditionWorth(*trainer_, context);
    return !isDue(config_.validation.every) || metrics_->hasValidation(step) || validate(context);
}

/// False when stopped. The checkpoint that it saves is where a run that is stopped or killed meanwhile goes on.
bool TrainJob::validate(const JobContext& context)
{
    const WorkAlone alone(trainer_->ranks());
    saveAndWait();
    std::optional<EventFile::Scalars> means;
    try { // What cannot be validated must not end a training run.
        means = validator_(writer_->newest(), metrics_->validations(), context);
    } catch (const std::exception& error) {
        context.warn("no validation at step " + std::to_string(trainer_->stepsDone()) + ": " + sentenceOf(error));
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

void TrainJob::save()
{
    expectFiniteWeights(trainer_->parameters(), trainer_->stepsDone(), writer_->newest());
    writer_->begin(stateNow(), trainer_->tensors());
}

void TrainJob::saveAndWait()
{
    save();
    writer_->finish();
    tellWritten();
}

void TrainJob::tellWritten()
{
    if (const auto written = writer_->takeWritten())
        folder_->note(LogLevel::Info, savedText(*written));
}

void TrainJob::saveWhatThereIs()
{
    if (!trainer_ || !metrics_ || trainer_->stepsDone() == 0 || folder_->lock().lost())
        return;
    try {
        if (!trainer_->tensorsAreSound())
            throw Error("the weights are not finite, or a step was only half done");
        save();
        writer_->finish();
        folder_->note(LogLevel::Info, "the last checkpoint is " + writer_->newest().string());
    } catch (const std::exception& error) { // as on a full disk
        folder_->note(LogLevel::Warning, "no last checkpoint: " + sentenceOf(error));
    }
}

TrainReport TrainJob::report() const
{
    return {.runName = request_.runName,
            .firstStep = firstStep_,
            .lastStep = trainer_->stepsDone(),
            .parameters = elementCount(trainer_->model().parameters()),
            .finalLoss = lastLoss_,
            .checkpoint = writer_->newest(),
            .checks = check_ ? check_->lines() : std::vector<CheckLine>{}};
}

} // namespace

std::unique_ptr<Job> makeTrainJobWith(TrainRequest request, IntervalValidator validator)
{
    return std::make_unique<TrainJob>(std::move(request), std::move(validator));
}

} // namespace nanodit
