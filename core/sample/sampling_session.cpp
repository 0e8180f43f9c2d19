#include "core/sample/sampling_session.h"

#include "core/dataset/catalog.h"
#include "core/runtime/compute.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"
#include "core/sample/batch_size.h"
#include "core/sample/branches.h"
#include "core/sample/conditions.h"
#include "core/sample/guider.h"
#include "core/sample/picture.h"
#include "core/sample/recent.h"
#include "core/sample/request_check.h"
#include "core/sample/shared_models.h"
#include "core/sample/signature.h"
#include "core/sample/solver.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <span>
#include <string>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t fewestSketchSteps = 2, mostSketchSteps = 6;

using Clock = std::chrono::steady_clock;

/// A model from whose mistakes the sampler is led away.
struct WeakModel {
    std::string state; ///< See modelState().
    std::shared_ptr<const OpenedModel> opened;
};

StopCheck stopOf(const JobContext& context)
{
    return [&context] { return context.shouldStop(); };
}

class Session final : public SamplingSession {
public:
    Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice);
    std::optional<SampleResult> sample(const SampleRequest& request, const JobContext& context,
                                       const std::function<void(const SamplePreview&)>& onPreview) override;
    bool sampleSeeds(const SampleRequest& request, const std::vector<std::uint64_t>& seeds, const JobContext& context,
                     const std::function<void(const SeedPicture&)>& onPicture) override;
    std::optional<Image> sketch(const SampleRequest& request, double seconds, const JobContext& context) override;
    bool samplePlane(const SampleRequest& request, const GuidancePlane& plane, const JobContext& context,
                     const std::function<void(const PlanePicture&)>& onPicture) override;
    const ModelConfig& model() const override { return opened_->model.config(); }
    std::string description() const override { return opened_->description; }

private:
    /// One way from noise to a picture, or to a batch of them.
    struct Run {
        std::optional<at::Tensor> latents;               ///< [B, C, H, W]; empty when stopped.
        std::vector<std::vector<GuidanceStep>> guidance; ///< By picture, then step.
    };

    /// Where a picture begins. No scale, solver or number of steps changes it, nor what the branches say there.
    struct Beginning {
        std::string key; ///< What it is made of, but the conditions.
        BranchVelocities velocities;
    };

    const AutoencoderKl& autoencoder();
    bool prepare(const SampleRequest& request, const JobContext& context);
    BranchEvaluator& weakBranches(const WeakGuide& guide);
    fs::path fileOf(const PictureStart& start) const;
    std::optional<at::Tensor> startOf(const SampleRequest& request, const fs::path& picture, const JobContext& context);
    BranchVelocities* beginningOf(const SampleRequest& request, float t, const JobContext& context);
    std::size_t mostAtOnce() const;
    enum class Measure { No, Yes };
    Run solveFrom(BranchVelocities& first, std::span<const SampleRequest> requests, const std::vector<float>& times,
                  Measure measure, const JobContext& context, const std::function<void(const SolverStep&)>& onStep);
    bool solveBatch(BranchVelocities& first, const std::vector<SampleRequest>& requests, const JobContext& context,
                    ProgressMeter& progress, const std::function<void(std::size_t, SampleResult)>& onPicture);
    std::optional<Image> decode(const at::Tensor& latent, const JobContext& context);
    std::optional<SampleResult> resultOf(const SampleRequest& request, const Run& run, std::size_t picture,
                                         const JobContext& context);

    Workspace workspace_;
    Compute compute_;
    std::shared_ptr<const OpenedModel> opened_; ///< Shared with whoever else has opened the checkpoint.
    std::optional<Signature> signature_;
    std::unique_ptr<ConditionEncoder> conditions_;
    std::shared_ptr<const AutoencoderKl> autoencoder_;

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
    auto name = modelState(checkpoint); // before the weights are read
    opened_ = openModel(checkpoint, compute_.device);
    signature_.emplace(checkpoint, std::move(name), *opened_);
    const auto& state = opened_->state;
    conditions_ =
        std::make_unique<ConditionEncoder>(workspace_, state.dino, state.textTokens, state.config.model, compute_);
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
        auto encoded = conditions_->encode(request, stopOf(context));
        if (!encoded)
            return false;
        encoded_ = std::move(*encoded);
        latentTokens_ = opened_->model.tokenGrid(request.size.height / factor, request.size.width / factor);
        branches_ = std::make_unique<BranchEvaluator>(
            opened_->model, encoded_.conditions, GivenConditions{.text = encoded_.hasText, .dino = encoded_.hasDino},
            latentTokens_, compute_);
        conditionsKey_ = std::move(key);
    }
    return true;
}

BranchEvaluator& Session::weakBranches(const WeakGuide& guide)
{
    auto state = modelState(guide.checkpoint); // the file may have been replaced since the picture before
    if (!weak_ || weak_->state != state) {
        weakBranches_.reset();
        weak_.reset();
        checkWeakGuide(guide.checkpoint, StoredModel::readState(guide.checkpoint), opened_->state);
        weak_ = WeakModel{.state = std::move(state), .opened = openModel(guide.checkpoint, compute_.device)};
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

/// Noise by the seed at t = 1, or the latent of `picture` under as much of it as the start's time says. Empty when
/// stopped.
std::optional<at::Tensor> Session::startOf(const SampleRequest& request, const fs::path& picture,
                                           const JobContext& context)
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
    if (latent == nullptr) {
        const auto encoded =
            latentFromPicture(autoencoder(), makeBucketImage(readImage(picture), request.size), stopOf(context));
        if (!encoded)
            return std::nullopt;
        latent = &startLatents_.keep(key, encoded->to(compute_.device));
    }
    const double t = request.start->time;
    return (1 - t) * *latent + t * noise;
}

/// Of the picture before where it began alike: then its first step is evaluated already. Null when stopped.
BranchVelocities* Session::beginningOf(const SampleRequest& request, float t, const JobContext& context)
{
    auto key = bucketName(request.size) + ' ' + std::to_string(request.seed);
    fs::path picture;
    if (request.start) {
        picture = fileOf(*request.start);
        key += ' ' + std::to_string(std::bit_cast<std::uint64_t>(request.start->time)) + ' ' + fileKey(picture);
    }
    if (!beginning_ || beginning_->key != key || beginning_->velocities.t() != t) {
        const auto start = startOf(request, picture, context);
        if (!start)
            return nullptr;
        beginning_.emplace(Beginning{.key = std::move(key), .velocities = BranchVelocities(*branches_, *start, t)});
    }
    return &beginning_->velocities;
}

/// Pictures of these conditions that are computed as one batch.
std::size_t Session::mostAtOnce() const
{
    const auto contextTokens = encoded_.conditions.text.size(1) + 1 + encoded_.conditions.patchGrid.count();
    return static_cast<std::size_t>(
        picturesAtOnce(model(), latentTokens_, contextTokens, compute_.device, memoryBytes(compute_.device)));
}

/// From each of the points of `first` by the one request, or from its one point by each of the requests, which differ
/// in their scales alone.
Session::Run Session::solveFrom(BranchVelocities& first, std::span<const SampleRequest> requests,
                                const std::vector<float>& times, Measure measure, const JobContext& context,
                                const std::function<void(const SolverStep&)>& onStep)
{
    const auto& request = requests.front();
    auto* const weak = request.weakGuide ? &weakBranches(*request.weakGuide) : nullptr;
    const auto guider = makeGuiderFor(requests, encoded_.conditions.patchGrid, branches_->given(), weak);
    const auto pictures = static_cast<std::int64_t>(requests.size());
    const auto start = pictures == 1 ? first.x() : first.x().expand({pictures, -1, -1, -1});
    const StoppableEvaluations stoppable({branches_.get(), weak}, stopOf(context));
    Run run;
    std::size_t step = 0, measured = 0; // a solver may evaluate a step more than once: its first evaluation is told
    const auto velocity = [&](BranchVelocities& branches) {
        auto guided = guider->velocity(branches);
        if (measure == Measure::Yes && measured == step) {
            const auto steps = guider->measure(branches);
            run.guidance.resize(steps.size());
            for (std::size_t i = 0; i < steps.size(); ++i)
                run.guidance[i].push_back(steps[i]);
            ++measured;
        }
        return guided;
    };
    auto second = Clock::now(); // when the second step begins: the first may cost nothing
    run.latents = solve(
        request.solver,
        [&](const at::Tensor& x, float t) {
            if (x.is_same(start) && t == first.t())
                return velocity(first);
            BranchVelocities branches(*branches_, x, t);
            return velocity(branches);
        },
        start, times,
        [&](const SolverStep& at) {
            step = static_cast<std::size_t>(at.step);
            onStep(at);
            if (step == 1)
                second = Clock::now();
            return !context.shouldStop();
        });
    if (run.latents && times.size() > 2 && run.latents->size(0) == 1)
        secondsAStep_ = secondsSince(second) / static_cast<double>(times.size() - 2);
    return run;
}

std::optional<Image> Session::decode(const at::Tensor& latent, const JobContext& context)
{
    const auto start = Clock::now();
    auto picture = pictureFromLatent(autoencoder(), latent, stopOf(context));
    if (picture)
        secondsToDecode_ = secondsSince(start);
    return picture;
}

/// Of one picture of the run. Empty when stopped.
std::optional<SampleResult> Session::resultOf(const SampleRequest& request, const Run& run, std::size_t picture,
                                              const JobContext& context)
{
    auto decoded = decode(run.latents->narrow(0, static_cast<std::int64_t>(picture), 1), context);
    if (!decoded)
        return std::nullopt;
    SampleResult result;
    result.picture = std::move(*decoded);
    result.settings = settingsOf(request);
    result.settings.merge(signature_->text());
    result.guidance = run.guidance[picture];
    result.warnings = signature_->warnings();
    return result;
}

std::optional<SampleResult> Session::sample(const SampleRequest& request, const JobContext& context,
                                            const std::function<void(const SamplePreview&)>& onPreview)
{
    const auto start = Clock::now();
    if (!signature_->learn(workspace_, context) || !prepare(request, context))
        return std::nullopt;
    const auto times = flowTimesOf(request);
    auto* const first = beginningOf(request, times.front(), context);
    if (first == nullptr)
        return std::nullopt;
    ProgressMeter progress(context, Stage::Sampling, request.steps, Unit::Steps);
    const auto run = solveFrom(*first, {&request, 1}, times, Measure::Yes, context, [&](const SolverStep& step) {
        if (step.step == 0)
            return;
        progress.update(step.step);
        if (request.previewEvery <= 0 || step.step % request.previewEvery != 0 || step.step == request.steps)
            return;
        if (auto picture = decode(step.image, context))
            onPreview({.step = step.step, .steps = request.steps, .picture = std::move(*picture)});
    });
    if (!run.latents)
        return std::nullopt;
    auto result = resultOf(request, run, 0, context);
    if (result)
        result->seconds = secondsSince(start);
    return result;
}

bool Session::sampleSeeds(const SampleRequest& request, const std::vector<std::uint64_t>& seeds,
                          const JobContext& context, const std::function<void(const SeedPicture&)>& onPicture)
{
    if (!signature_->learn(workspace_, context) || !prepare(request, context))
        return false;
    const auto atOnce = static_cast<std::size_t>(
        evenBatch(static_cast<std::int64_t>(seeds.size()), static_cast<std::int64_t>(mostAtOnce())));
    auto one = request;
    one.previewEvery = 0;
    if (atOnce == 1) { // then each tells of its steps
        for (std::size_t i = 0; i < seeds.size(); ++i) {
            one.seed = seeds[i];
            auto result = sample(one, context, [](const SamplePreview&) {});
            if (!result)
                return false;
            onPicture({.index = i, .request = one, .result = std::move(*result)});
        }
        return true;
    }
    ProgressMeter progress(context, Stage::Sampling, static_cast<std::int64_t>(seeds.size()), Unit::Pictures);
    const auto picture = request.start ? fileOf(*request.start) : fs::path();
    std::vector<SampleRequest> batch;
    for (std::size_t begin = 0; begin < seeds.size(); begin += batch.size()) {
        batch.clear();
        std::vector<at::Tensor> starts;
        for (std::size_t i = begin; i < std::min(begin + atOnce, seeds.size()); ++i) {
            one.seed = seeds[i];
            batch.push_back(one);
            const auto start = startOf(one, picture, context);
            if (!start)
                return false;
            starts.push_back(*start);
        }
        BranchVelocities first(*branches_, at::cat(starts), flowTimesOf(request).front());
        if (!solveBatch(first, batch, context, progress, [&](std::size_t i, SampleResult result) {
                onPicture({.index = begin + i, .request = batch[i], .result = std::move(result)});
            }))
            return false;
    }
    return true;
}

/// Requests that differ in their seed alone, each with a point of `first`, or in their scales alone, with the one point
/// of `first`. False when stopped.
bool Session::solveBatch(BranchVelocities& first, const std::vector<SampleRequest>& requests, const JobContext& context,
                         ProgressMeter& progress, const std::function<void(std::size_t, SampleResult)>& onPicture)
{
    const auto start = Clock::now();
    const std::span<const SampleRequest> all(requests), led = first.x().size(0) == 1 ? all : all.first(1);
    const auto times = flowTimesOf(requests.front());
    const auto before = progress.done(), count = static_cast<std::int64_t>(requests.size());
    const auto run = solveFrom(first, led, times, Measure::Yes, context, [&](const SolverStep& step) {
        // The share of their steps that is done, as pictures: none is, but the bar and the time left are right.
        progress.update(before + count * step.step / static_cast<std::int64_t>(times.size()));
    });
    if (!run.latents)
        return false;
    const double share = secondsSince(start) / static_cast<double>(count);
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const auto decoding = Clock::now();
        auto result = resultOf(requests[i], run, i, context);
        if (!result)
            return false;
        result->seconds = share + secondsSince(decoding);
        onPicture(i, std::move(*result));
        progress.update(std::max(progress.done(), before + static_cast<std::int64_t>(i) + 1));
    }
    return true;
}

std::optional<Image> Session::sketch(const SampleRequest& request, double seconds, const JobContext& context)
{
    if (!prepare(request, context))
        return std::nullopt;
    auto quick = request;
    quick.solver = Solver::Multistep;
    const auto most = std::min(request.steps, mostSketchSteps), fewest = std::min(most, fewestSketchSteps);
    auto* const first = beginningOf(request, flowTimesOf(request).front(), context);
    if (first == nullptr)
        return std::nullopt;
    const bool begun = std::ranges::any_of(allBranches, [first](Branch branch) { return first->evaluated(branch); });
    const double room =
        secondsAStep_ > 0 ? (seconds - secondsToDecode_) / secondsAStep_ + (begun ? 1 : 0) : static_cast<double>(most);
    quick.steps = static_cast<std::int64_t>(std::clamp(room, static_cast<double>(fewest), static_cast<double>(most)));
    const auto run = solveFrom(*first, {&quick, 1}, flowTimesOf(quick), Measure::No, context, [](const SolverStep&) {});
    if (!run.latents)
        return std::nullopt;
    return decode(*run.latents, context);
}

bool Session::samplePlane(const SampleRequest& request, const GuidancePlane& plane, const JobContext& context,
                          const std::function<void(const PlanePicture&)>& onPicture)
{
    if (plane.count() == 0)
        throw UsageError("a guidance plane needs at least one scale of text and one of DINO");
    if (!signature_->learn(workspace_, context) || !prepare(request, context))
        return false;
    // All pictures begin at one point: what the branches say there is evaluated once.
    auto* const first = beginningOf(request, flowTimesOf(request).front(), context);
    if (first == nullptr)
        return false;
    ProgressMeter progress(context, Stage::Sampling, static_cast<std::int64_t>(plane.count()), Unit::Pictures);
    const auto cells = coarseToFine(plane.rows(), plane.cols());
    const auto most = mostAtOnce();
    std::vector<SampleRequest> batch;
    std::size_t atOnce = 1; // at first, so that a picture is there soon
    for (std::size_t begin = 0; begin < cells.size(); begin += batch.size(), atOnce = std::min(2 * atOnce, most)) {
        batch.clear();
        for (std::size_t i = begin; i < std::min(begin + atOnce, cells.size()); ++i) {
            batch.push_back(request);
            batch.back().textScale = plane.textScales[cells[i].row];
            batch.back().dinoScale = plane.dinoScales[cells[i].col];
        }
        if (!solveBatch(*first, batch, context, progress, [&](std::size_t i, SampleResult result) {
                onPicture({.cell = cells[begin + i], .request = batch[i], .result = std::move(result)});
            }))
            return false;
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
