#include "core/sample/sampling_session.h"

#include "core/dataset/catalog.h"
#include "core/io/file_hash.h"
#include "core/runtime/compute.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"
#include "core/sample/branches.h"
#include "core/sample/conditions.h"
#include "core/sample/encoder_match.h"
#include "core/sample/guider.h"
#include "core/sample/painted_by.h"
#include "core/sample/picture.h"
#include "core/sample/recent.h"
#include "core/sample/request_check.h"
#include "core/sample/shared_models.h"
#include "core/sample/solver.h"

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t fewestSketchSteps = 2, mostSketchSteps = 6;

using Clock = std::chrono::steady_clock;

/// A model from whose mistakes the sampler is led away.
struct WeakModel {
    fs::path checkpoint;
    std::shared_ptr<const OpenedModel> opened;
};

/// While it stands, a job that is to stop ends the evaluations of these within a block.
class StoppableEvaluations {
public:
    StoppableEvaluations(const std::array<BranchEvaluator*, 2>& evaluators, const JobContext& context)
        : evaluators_(evaluators)
    {
        set([&context] { return context.shouldStop(); });
    }
    ~StoppableEvaluations() { set({}); }
    StoppableEvaluations(const StoppableEvaluations&) = delete;
    StoppableEvaluations& operator=(const StoppableEvaluations&) = delete;

private:
    void set(const StopCheck& stop)
    {
        for (auto* const evaluator : evaluators_) {
            if (evaluator != nullptr)
                evaluator->stopWhen(stop);
        }
    }

    std::array<BranchEvaluator*, 2> evaluators_; ///< Null: none.
};

class Session final : public SamplingSession {
public:
    Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice);
    std::optional<SampleResult> sample(const SampleRequest& request, const JobContext& context,
                                       const std::function<void(const SamplePreview&)>& onPreview) override;
    std::optional<Image> sketch(const SampleRequest& request, double seconds, const JobContext& context) override;
    bool samplePlane(const SampleRequest& request, const GuidancePlane& plane, const JobContext& context,
                     const std::function<void(const PlanePicture&)>& onPicture) override;
    const ModelConfig& model() const override { return model_->config(); }
    std::string description() const override { return description_; }

private:
    /// One way from noise to a picture.
    struct Run {
        std::optional<at::Tensor> latent; ///< Empty when stopped.
        std::vector<GuidanceStep> guidance;
    };

    /// Where a picture begins. No scale, solver or number of steps changes it, nor what the branches say there.
    struct Beginning {
        std::string key; ///< What it is made of, but the conditions.
        BranchVelocities velocities;
    };

    const AutoencoderKl& autoencoder();
    bool identify(const JobContext& context); ///< What a kept picture says of its model and encoders. False: stopped.
    bool prepare(const SampleRequest& request, const JobContext& context);
    BranchEvaluator& weakBranches(const WeakGuide& guide);
    fs::path fileOf(const PictureStart& start) const;
    at::Tensor startOf(const SampleRequest& request, const fs::path& picture);
    BranchVelocities& beginningOf(const SampleRequest& request, float t);
    enum class Measure { No, Yes };
    Run solveFrom(BranchVelocities& first, const SampleRequest& request, const std::vector<float>& times,
                  Measure measure, const JobContext& context, const std::function<void(const SolverStep&)>& onStep);
    Image decode(const at::Tensor& latent);
    SampleResult resultOf(const SampleRequest& request, const Run& run);

    Workspace workspace_;
    Compute compute_;
    std::shared_ptr<const NanoDiT> model_; ///< Shared with whoever else has opened the checkpoint.
    std::unique_ptr<ConditionEncoder> conditions_;
    std::shared_ptr<const AutoencoderKl> autoencoder_;
    std::string description_;
    std::unique_ptr<FileHash> weightsHash_;
    PaintedBy paintedBy_; ///< Its hash is empty until the first kept picture needs it.
    DinoStatistics statistics_;
    nlohmann::json trainedEncoders_;
    std::optional<std::vector<std::string>> warnings_; ///< Once the encoders were compared.

    // What the last picture was made with. A slider, a seed or a step count changes none of it.
    std::string conditionsKey_;
    ConditionEncoder::Result encoded_;
    GridSize latentTokens_;
    std::unique_ptr<BranchEvaluator> branches_;
    std::optional<WeakModel> weak_;
    std::unique_ptr<BranchEvaluator> weakBranches_;
    std::optional<Beginning> beginning_;
    Recent<at::Tensor> startLatents_{2};
    double secondsAStep_ = 0, secondsToDecode_ = 0; ///< Of the last picture.
};

Session::Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice)
    : workspace_(std::move(workspace))
{
    compute_ = makeCompute(choice, StoredModel::readState(checkpoint).config.arithmetic());
    const auto opened = openModel(checkpoint, compute_.device);
    const auto& state = opened->state;
    model_ = std::shared_ptr<const NanoDiT>(opened, &opened->model);
    conditions_ =
        std::make_unique<ConditionEncoder>(workspace_, state.dino, state.textTokens, state.config.model, compute_);
    description_ = opened->description;
    statistics_ = state.dino;
    trainedEncoders_ = state.encoders;
    weightsHash_ = std::make_unique<FileHash>(weightsFile(checkpoint));
    paintedBy_ = {.run = state.run, .step = state.step, .averaged = opened->averaged, .sha256 = {}};
}

bool Session::identify(const JobContext& context)
{
    if (!warnings_)
        warnings_ = differingEncoders(workspace_, trainedEncoders_, context);
    if (!warnings_)
        return false;
    const auto& hash = weightsHash_->read([&context](std::size_t) { return !context.shouldStop(); });
    paintedBy_.sha256 = hash.value_or("");
    return hash.has_value();
}

const AutoencoderKl& Session::autoencoder()
{
    if (!autoencoder_) {
        if (workspace_.config.vae.empty())
            throw UsageError((workspace_.root / "workspace.yaml").string() + " names no autoencoder (encoders.vae)",
                             remedy::NameEncoder{remedy::Encoder::Vae});
        auto opened = openAutoencoder(workspace_.path(workspace_.config.vae), compute_);
        const auto channels = opened->config().latentChannels;
        if (channels != model().latentChannels)
            throw DataError("the autoencoder " + workspace_.config.vae + " has " + std::to_string(channels) +
                            " latent channels, but the model was trained on " + std::to_string(model().latentChannels) +
                            ": set encoders.vae to the one that its data were made with");
        autoencoder_ = std::move(opened);
    }
    return *autoencoder_;
}

bool Session::prepare(const SampleRequest& request, const JobContext& context)
{
    const auto factor = autoencoder().config().factor();
    checkRequest(request, factor * model().patchSize);
    if (request.guidanceRule == GuidanceRule::Internal)
        requireInternalHead(model().internalHead > 0);
    if (context.shouldStop())
        return false;
    auto key = conditions_->key(request);
    if (!branches_ || key != conditionsKey_) {
        beginning_.reset();
        branches_.reset();
        weakBranches_.reset();
        encoded_ = conditions_->encode(request);
        latentTokens_ = model_->tokenGrid(request.size.height / factor, request.size.width / factor);
        branches_ = std::make_unique<BranchEvaluator>(
            *model_, encoded_.conditions, GivenConditions{.text = encoded_.hasText, .dino = encoded_.hasDino},
            latentTokens_, compute_);
        conditionsKey_ = std::move(key);
    }
    return true;
}

BranchEvaluator& Session::weakBranches(const WeakGuide& guide)
{
    if (!weak_ || weak_->checkpoint != guide.checkpoint) {
        weakBranches_.reset();
        const auto state = StoredModel::readState(guide.checkpoint);
        const auto &theirs = state.config.model, &ours = model();
        const auto conditions = [](const ModelConfig& c) {
            return std::tuple(c.latentChannels, c.patchSize, c.textDim, c.dinoDim);
        };
        if (conditions(theirs) != conditions(ours) || state.dino.toJson() != statistics_.toJson())
            throw UsageError(
                "the weak guide " + guide.checkpoint.string() +
                " was trained on other latents or conditions than the model: name an earlier checkpoint of "
                "the same run");
        weak_ = WeakModel{.checkpoint = guide.checkpoint, .opened = openModel(guide.checkpoint, compute_.device)};
    }
    if (!weakBranches_)
        weakBranches_ = std::make_unique<BranchEvaluator>(weak_->opened->model, encoded_.conditions, branches_->given(),
                                                          latentTokens_, compute_);
    return *weakBranches_;
}

fs::path Session::fileOf(const PictureStart& start) const
{
    if (const auto* picture = std::get_if<PictureReference>(&start.picture))
        return picture->file;
    const auto& id = std::get<RecordReference>(start.picture).id;
    const auto found = Catalog::open(workspace_).find(id);
    if (!found)
        throw UsageError("the workspace has no record \"" + id + "\" to begin with");
    return found->image;
}

/// Noise by the seed at t = 1, or the latent of `picture` under as much of it as the start's time says.
at::Tensor Session::startOf(const SampleRequest& request, const fs::path& picture)
{
    const auto factor = autoencoder().config().factor();
    const auto generator = seededGenerator(request.seed);
    auto noise = at::randn({1, model().latentChannels, request.size.height / factor, request.size.width / factor},
                           generator, at::TensorOptions(at::kFloat))
                     .to(compute_.device);
    if (!request.start)
        return noise;
    const auto key = bucketName(request.size) + ' ' + fileKey(picture);
    const auto* latent = startLatents_.find(key);
    if (latent == nullptr)
        latent = &startLatents_.keep(
            key, latentFromPicture(autoencoder(), makeBucketImage(readImage(picture), request.size), {})
                     ->to(compute_.device));
    const double t = request.start->time;
    return (1 - t) * *latent + t * noise;
}

/// Of the picture before where it began alike: then its first step is evaluated already.
BranchVelocities& Session::beginningOf(const SampleRequest& request, float t)
{
    auto key = bucketName(request.size) + ' ' + std::to_string(request.seed);
    fs::path picture;
    if (request.start) {
        picture = fileOf(*request.start);
        key += ' ' + std::to_string(std::bit_cast<std::uint64_t>(request.start->time)) + ' ' + fileKey(picture);
    }
    if (!beginning_ || beginning_->key != key || beginning_->velocities.t() != t)
        beginning_.emplace(
            Beginning{.key = std::move(key), .velocities = BranchVelocities(*branches_, startOf(request, picture), t)});
    return beginning_->velocities;
}

Session::Run Session::solveFrom(BranchVelocities& first, const SampleRequest& request, const std::vector<float>& times,
                                Measure measure, const JobContext& context,
                                const std::function<void(const SolverStep&)>& onStep)
{
    auto guider = makeGuider(Guidance::of(request, encoded_.conditions.patchGrid), branches_->given());
    if (request.weakGuide)
        guider = makeAutoguider(std::move(guider), weakBranches(*request.weakGuide), request.weakGuide->scale);
    const StoppableEvaluations stoppable({branches_.get(), request.weakGuide ? weakBranches_.get() : nullptr}, context);
    Run run;
    std::size_t step = 0; // a solver may evaluate a step more than once: its first evaluation is told
    const auto velocity = [&](BranchVelocities& branches) {
        auto guided = guider->velocity(branches);
        if (measure == Measure::Yes && run.guidance.size() == step)
            run.guidance.push_back(guider->measure(branches));
        return guided;
    };
    auto second = Clock::now(); // when the second step begins: the first may cost nothing
    try {
        run.latent = solve(
            request.solver,
            [&](const at::Tensor& x, float t) {
                if (x.is_same(first.x()) && t == first.t())
                    return velocity(first);
                BranchVelocities branches(*branches_, x, t);
                return velocity(branches);
            },
            first.x(), times,
            [&](const SolverStep& at) {
                step = static_cast<std::size_t>(at.step);
                onStep(at);
                if (step == 1)
                    second = Clock::now();
                return !context.shouldStop();
            });
    } catch (const EvaluationStopped&) {
        return {};
    }
    if (run.latent && times.size() > 2)
        secondsAStep_ = secondsSince(second) / static_cast<double>(times.size() - 2);
    return run;
}

Image Session::decode(const at::Tensor& latent)
{
    const auto start = Clock::now();
    auto picture = pictureFromLatent(autoencoder(), latent);
    secondsToDecode_ = secondsSince(start);
    return picture;
}

SampleResult Session::resultOf(const SampleRequest& request, const Run& run)
{
    SampleResult result;
    result.picture = decode(*run.latent);
    result.settings = settingsOf(request);
    result.settings.merge(textOf(paintedBy_));
    result.settings["Software"] = "NanoDiT Workbench";
    result.settings["Comment"] = description_;
    result.guidance = run.guidance;
    result.warnings = *warnings_;
    return result;
}

std::optional<SampleResult> Session::sample(const SampleRequest& request, const JobContext& context,
                                            const std::function<void(const SamplePreview&)>& onPreview)
{
    const auto start = Clock::now();
    if (!identify(context) || !prepare(request, context))
        return std::nullopt;
    const auto times = flowTimesFrom(request.start ? request.start->time : 1, request.steps, request.shift);
    auto& first = beginningOf(request, times.front());
    ProgressMeter progress(context, Stage::Sampling, request.steps, Unit::Steps);
    const auto run = solveFrom(first, request, times, Measure::Yes, context, [&](const SolverStep& step) {
        if (step.step == 0)
            return;
        progress.update(step.step);
        if (request.previewEvery > 0 && step.step % request.previewEvery == 0 && step.step < request.steps)
            onPreview({.step = step.step, .steps = request.steps, .picture = decode(step.image)});
    });
    if (!run.latent)
        return std::nullopt;
    auto result = resultOf(request, run);
    result.seconds = secondsSince(start);
    return result;
}

std::optional<Image> Session::sketch(const SampleRequest& request, double seconds, const JobContext& context)
{
    if (!prepare(request, context))
        return std::nullopt;
    auto quick = request;
    quick.solver = Solver::Multistep;
    const double startTime = request.start ? request.start->time : 1;
    const auto most = std::min(request.steps, mostSketchSteps), fewest = std::min(most, fewestSketchSteps);
    auto& first = beginningOf(request, flowTimesFrom(startTime, 1, request.shift).front());
    const bool begun = std::ranges::any_of(allBranches, [&first](Branch branch) { return first.evaluated(branch); });
    const double room =
        secondsAStep_ > 0 ? (seconds - secondsToDecode_) / secondsAStep_ + (begun ? 1 : 0) : static_cast<double>(most);
    quick.steps = static_cast<std::int64_t>(std::clamp(room, static_cast<double>(fewest), static_cast<double>(most)));
    const auto times = flowTimesFrom(startTime, quick.steps, request.shift);
    const auto run = solveFrom(first, quick, times, Measure::No, context, [](const SolverStep&) {});
    if (!run.latent)
        return std::nullopt;
    return decode(*run.latent);
}

bool Session::samplePlane(const SampleRequest& request, const GuidancePlane& plane, const JobContext& context,
                          const std::function<void(const PlanePicture&)>& onPicture)
{
    if (plane.count() == 0)
        throw UsageError("a guidance plane needs at least one scale of text and one of DINO");
    if (!identify(context) || !prepare(request, context))
        return false;
    const auto times = flowTimesFrom(request.start ? request.start->time : 1, request.steps, request.shift);
    // All pictures begin at one point: what the branches say there is evaluated once.
    auto& first = beginningOf(request, times.front());
    ProgressMeter progress(context, Stage::Sampling, static_cast<std::int64_t>(plane.count()), Unit::Pictures);
    std::int64_t done = 0;
    for (const auto& cell : coarseToFine(plane.rows(), plane.cols())) {
        auto here = request;
        here.textScale = plane.textScales[cell.row];
        here.dinoScale = plane.dinoScales[cell.col];
        const auto start = Clock::now();
        const auto run = solveFrom(first, here, times, Measure::Yes, context, [](const SolverStep&) {});
        if (!run.latent)
            return false;
        PlanePicture picture{.cell = cell, .request = here, .result = resultOf(here, run)};
        picture.result.seconds = secondsSince(start);
        onPicture(picture);
        progress.update(++done);
    }
    return true;
}

} // namespace

std::shared_ptr<SamplingSession> SamplingSession::open(const Workspace& workspace, const fs::path& checkpoint,
                                                       const ComputeChoice& compute)
{
    return std::make_shared<Session>(workspace, checkpoint, compute);
}

} // namespace nanodit
