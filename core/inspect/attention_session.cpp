#include "core/inspect/attention_session.h"

#include "core/inspect/attention_numbers.h"
#include "core/inspect/knock_out.h"
#include "core/inspect/stopping_observers.h"
#include "core/inspect/subject_conditions.h"
#include "core/io/npy.h"
#include "core/model/autocast.h"
#include "core/preprocess/derived_array.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"
#include "core/sample/guidance.h"
#include "core/sample/picture.h"
#include "core/sample/request_check.h"
#include "core/sample/shared_models.h"
#include "core/sample/solver.h"

#include <cmath>
#include <numeric>
#include <tuple>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// All blocks' queries and keys of self attention are kept while they take no more than this.
constexpr std::int64_t selfAttentionBytes = std::int64_t{32} << 20;

bool seesText(SeenConditions seen)
{
    return seen == SeenConditions::All || seen == SeenConditions::TextOnly;
}
bool seesDino(SeenConditions seen)
{
    return seen == SeenConditions::All || seen == SeenConditions::DinoOnly;
}

/// What a subject's conditions are read from. Two of the same source have the same conditions, edits apart.
std::string sourceOf(const AttentionSubject& subject)
{
    if (!subject.record.empty())
        return "record " + subject.record;
    const auto& s = subject.sampling;
    std::string reference;
    if (const auto* const record = std::get_if<RecordReference>(&s.reference))
        reference = "record " + record->id;
    else if (const auto* const picture = std::get_if<PictureReference>(&s.reference))
        reference = "picture " + picture->file.string();
    return "sample " + bucketName(s.size) + "\n" + reference + "\n" + s.textRecord.value_or("") + "\n" + s.prompt;
}

/// The root mean square of every latent token's numbers: [1, C, h, w] -> [L]
std::vector<float> byLatent(const at::Tensor& velocity, GridSize latents)
{
    const auto p = velocity.size(2) / latents.rows;
    const auto cells = velocity[0].reshape({velocity.size(1), latents.rows, p, latents.cols, p});
    const auto means = cells.square().mean(at::IntArrayRef{0, 2, 4}).sqrt().flatten().to(at::kCPU).contiguous();
    return {means.data_ptr<float>(), means.data_ptr<float>() + means.numel()};
}

double meanOf(const std::vector<float>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

class Session final : public AttentionSession {
public:
    Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice);
    const ModelConfig& model() const override { return model_->config(); }
    std::string description() const override { return description_; }

    std::optional<AttentionScene> look(const AttentionSubject& subject, const JobContext& context) override;
    std::optional<LatentAttention> ofLatents(const std::vector<std::int64_t>& latents, const JobContext& context,
                                             std::optional<std::int64_t> block, AttentionMeasure measure) override;
    std::optional<AttentionNumbers> onLatents(const std::vector<std::int64_t>& shownTokens, const JobContext& context,
                                              std::optional<std::int64_t> block, AttentionMeasure measure) override;
    std::optional<KnockOut> knockOut(const std::vector<std::int64_t>& shownTokens, std::uint64_t seed,
                                     AttentionMeasure measure, const JobContext& context) override;
    std::optional<AttentionNumbers> selfAttention(const std::vector<std::int64_t>& latents, const JobContext& context,
                                                  std::optional<std::int64_t> block) override;
    std::optional<AttentionSummaries> summaries(const JobContext& context) override;
    std::optional<AttentionCourse> course(AttentionSubject subject, const std::vector<double>& times,
                                          const JobContext& context) override;
    std::optional<Image> paint(const AttentionSubject& subject, const JobContext& context) override;

private:
    /// x on the way of a sampling, before each step.
    struct Way {
        AttentionSubject subject;
        std::vector<std::pair<float, at::Tensor>> points;
        at::Tensor end; ///< The picture's latent.
    };

    static bool alongSampling(const AttentionSubject& subject);
    bool hasText() const { return seesText(subject_->seen) && conditions_.hasText; }
    bool hasDino() const { return seesDino(subject_->seen) && conditions_.hasDino; }
    void prepare(const AttentionSubject& subject);
    bool walk(const AttentionSubject& subject, const JobContext& context);
    at::Tensor noise(std::uint64_t seed) const;
    std::pair<at::Tensor, float> stateAt(const AttentionSubject& subject) const;
    /// -> velocity; sets the probe. Throws Stopped.
    at::Tensor evaluate(std::set<std::int64_t> selfBlocks, const JobContext& context);
    /// At this moment, with another bias of the context's logits. Throws Stopped.
    at::Tensor velocityWith(const at::Tensor& logitBias, const JobContext& context);
    const CrossAttentionMap& mapOf(std::int64_t block, AttentionMeasure measure);
    void forgetMoment();
    bool summarise(const JobContext& context);
    void expectLook() const;
    void expectLatents(const std::vector<std::int64_t>& latents) const;
    const AutoencoderKl* autoencoder();

    Workspace workspace_;
    Compute compute_;
    std::shared_ptr<const NanoDiT> model_; ///< Shared with whoever else has opened the checkpoint.
    std::unique_ptr<ConditionEncoder> encoder_;
    std::unique_ptr<SubjectReader> reader_;
    std::shared_ptr<const AutoencoderKl> autoencoder_;
    std::string description_;

    // What the last subject needed.
    std::optional<AttentionSubject> subject_;
    std::optional<RecordInfo> record_; ///< None: a sample.
    SubjectConditions conditions_;
    ConditionContext context_;
    std::vector<std::int64_t> latentShape_; ///< [1, C, h, w]
    GridSize latentGrid_;
    std::optional<Way> way_;
    // The moment that was looked at.
    at::Tensor x_, velocity_;
    float t_ = 0;
    std::optional<AttentionProbe> probe_;
    std::vector<AttentionSummary> summaries_;                   ///< By block, of this moment; empty until asked.
    std::map<std::int64_t, CrossAttentionMap> contributions_;   ///< The same.
    std::array<std::map<std::int64_t, at::Tensor>, 2> logSums_; ///< The same, by measure.
};

Session::Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice)
    : workspace_(std::move(workspace))
{
    compute_ = makeCompute(choice, StoredModel::readState(checkpoint).config.arithmetic());
    const auto opened = openModel(checkpoint, compute_.device);
    const auto& state = opened->state;
    model_ = std::shared_ptr<const NanoDiT>(opened, &opened->model);
    encoder_ =
        std::make_unique<ConditionEncoder>(workspace_, state.dino, state.textTokens, state.config.model, compute_);
    reader_ = std::make_unique<SubjectReader>(workspace_, *encoder_, *model_, state.textTokens);
    description_ = opened->description;
}

const AutoencoderKl* Session::autoencoder()
{
    if (!autoencoder_ && !workspace_.config.vae.empty())
        autoencoder_ = openAutoencoder(workspace_.path(workspace_.config.vae), compute_);
    return autoencoder_.get();
}

bool Session::alongSampling(const AttentionSubject& subject)
{
    return subject.alongSampling || subject.record.empty();
}

void Session::prepare(const AttentionSubject& subject)
{
    const bool same = subject_ && sourceOf(*subject_) == sourceOf(subject) && subject_->edits == subject.edits;
    if (same && subject_->seen == subject.seen) {
        subject_ = subject;
        return;
    }
    if (!same) {
        way_.reset();
        subject_.reset();
        record_.reset();
        if (!subject.record.empty())
            record_ = reader_->record(subject.record);
        conditions_ = record_ ? reader_->read(*record_, subject.edits) : reader_->read(subject.sampling, subject.edits);
        const auto size = record_ ? record_->bucket : subject.sampling.size;
        const auto* const vae = autoencoder();
        const auto factor = vae == nullptr ? 8 : vae->config().factor();
        if (!record_)
            checkRequest(subject.sampling, factor * model().patchSize);
        latentShape_ = {1, model().latentChannels, size.height / factor, size.width / factor};
        latentGrid_ = model_->tokenGrid(latentShape_[2], latentShape_[3]);
    }
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(compute_.precision);
    probe_.reset(); // it holds the old context's keys
    forgetMoment();
    subject_ = subject;
    context_ = model_->context(conditions_.conditions, {.text = {!hasText()}, .dino = {!hasDino()}}, latentGrid_, true);
}

at::Tensor Session::noise(std::uint64_t seed) const
{
    const auto generator = seededGenerator(seed);
    return at::randn(latentShape_, generator, at::TensorOptions(at::kFloat)).to(compute_.device);
}

bool Session::walk(const AttentionSubject& subject, const JobContext& context)
{
    const auto key = [](const AttentionSubject& s) { return std::tuple(settingsOf(s.sampling), s.seen, sourceOf(s)); };
    if (way_ && key(way_->subject) == key(subject) && way_->subject.edits == subject.edits)
        return true;
    const auto& settings = subject.sampling;
    if (settings.weakGuide || settings.start)
        throw UsageError("attention cannot follow a picture that was led by a weaker model or began with another "
                         "picture: generate it without these");
    GuidedVelocity velocity(*model_, conditions_.conditions, {.text = hasText(), .dino = hasDino()}, latentGrid_,
                            Guidance::of(settings, conditions_.conditions.patchGrid), compute_);
    const auto times = flowTimes(settings.steps, settings.shift);
    Way way{.subject = subject, .points = {}, .end = {}};
    ProgressMeter progress(context, Stage::Sampling, settings.steps, Unit::Steps);
    const auto latent = solve(
        settings.solver, [&velocity](const at::Tensor& at, float t) { return velocity(at, t); }, noise(settings.seed),
        times,
        [&](const SolverStep& step) {
            if (step.step < settings.steps)
                way.points.emplace_back(times[static_cast<std::size_t>(step.step)], step.x.clone());
            if (step.step > 0)
                progress.update(step.step);
            return !context.shouldStop();
        });
    if (!latent)
        return false;
    way.end = *latent;
    way_ = std::move(way);
    return true;
}

std::pair<at::Tensor, float> Session::stateAt(const AttentionSubject& subject) const
{
    if (alongSampling(subject)) {
        const auto* nearest = &way_->points.front();
        for (const auto& point : way_->points) {
            if (std::abs(point.first - subject.t) < std::abs(nearest->first - subject.t))
                nearest = &point;
        }
        return {nearest->second, nearest->first};
    }
    const auto file = arrayFile(workspace_, ArrayKind::Vae, record_->id);
    if (!fs::exists(file))
        throw DataError(file.string() + " is missing", remedy::RunPasses{.pass = Pass::Vae});
    const auto x0 = tensorFromArray(readNpy(file)).to(compute_.device, at::kFloat).unsqueeze(0);
    if (x0.sizes() != at::IntArrayRef(latentShape_))
        throw DataError(file.string() + " holds " + shapeText(x0.sizes()) + ", but the record's bucket needs " +
                            shapeText(latentShape_),
                        remedy::VerifyArrays{});
    const auto t = static_cast<float>(subject.t);
    return {(1 - t) * x0 + t * noise(subject.sampling.seed), t};
}

at::Tensor Session::evaluate(std::set<std::int64_t> selfBlocks, const JobContext& context)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(compute_.precision);
    probe_.reset();
    ProgressMeter progress(context, Stage::InspectingBlocks, model().depth, Unit::Blocks);
    StoppableProbe probe({context_, 0, conditions_.conditions.patchGrid, latentGrid_, std::move(selfBlocks)}, context,
                         progress);
    const auto t = at::full({1}, t_, at::TensorOptions(at::kFloat).device(compute_.device));
    auto velocity = model_->velocity(x_, t, context_, {.checkpointing = false, .observer = &probe});
    progress.update(model().depth);
    probe_ = std::move(static_cast<AttentionProbe&>(probe));
    return velocity;
}

std::optional<AttentionScene> Session::look(const AttentionSubject& subject, const JobContext& context)
{
    if (!(subject.t > 0 && subject.t <= 1))
        throw UsageError("t is " + std::to_string(subject.t) + ", but must lie above 0 and not above 1");
    prepare(subject);
    if (alongSampling(subject) && !walk(subject, context))
        return std::nullopt;
    forgetMoment();
    std::tie(x_, t_) = stateAt(subject);
    std::set<std::int64_t> selfBlocks;
    if (2 * 4 * model().depth * latentGrid_.count() * model().hiddenSize <= selfAttentionBytes) {
        for (std::int64_t i = 0; i < model().depth; ++i)
            selfBlocks.insert(i);
    }
    try {
        velocity_ = evaluate(std::move(selfBlocks), context);
    } catch (const Stopped&) {
        return std::nullopt;
    }
    const auto& layout = probe_->layout();
    AttentionScene scene;
    scene.bucket = record_ ? record_->bucket : subject.sampling.size;
    scene.latents = latentGrid_;
    scene.patches = layout.patchGrid;
    scene.blocks = model().depth;
    scene.heads = model().numHeads;
    scene.textTokens = layout.textTokens;
    scene.t = t_;
    if (hasText()) {
        scene.words = conditions_.words;
        scene.caption = conditions_.caption;
    }
    scene.evenAlignment = layout.patchGrid.count() == 0 ? 0 : evenAlignment(layout);
    if (const auto radii = model_->priorRadii(); radii.defined())
        scene.radii = numbersFrom(radii.unsqueeze(-1).unbind(0));
    if (subject.picture) {
        if (autoencoder() != nullptr)
            scene.forming = pictureFromLatent(*autoencoder(), x_ - t_ * velocity_);
        scene.reference = reader_->referenceImage(record_, subject.sampling);
    }
    return scene;
}

void Session::forgetMoment()
{
    summaries_.clear();
    contributions_.clear();
    for (auto& sums : logSums_)
        sums.clear();
}

const CrossAttentionMap& Session::mapOf(std::int64_t block, AttentionMeasure measure)
{
    const auto& map = probe_->cross(block);
    if (measure == AttentionMeasure::Mass)
        return map;
    const auto found = contributions_.find(block);
    return found != contributions_.end() ? found->second
                                         : contributions_.emplace(block, map.byContribution()).first->second;
}

at::Tensor Session::velocityWith(const at::Tensor& logitBias, const JobContext& context)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(compute_.precision);
    auto changed = context_; // shares its tensors
    changed.terms.logitBias = logitBias;
    StopWatch watch(context);
    const auto t = at::full({1}, t_, at::TensorOptions(at::kFloat).device(compute_.device));
    return model_->velocity(x_, t, changed, {.checkpointing = false, .observer = &watch});
}

std::optional<KnockOut> Session::knockOut(const std::vector<std::int64_t>& shownTokens, std::uint64_t seed,
                                          AttentionMeasure measure, const JobContext& context)
{
    expectLook();
    const auto& layout = probe_->layout();
    if (layout.columnsOf(shownTokens).empty())
        throw UsageError("none of the tokens to leave out is in the context: choose a word, CLS or patches that are");
    if (!summarise(context))
        return std::nullopt;
    auto received = at::zeros({layout.shownTokens()}, at::kDouble);
    for (const auto& summary : summaries_)
        received += summary.received.mean(0).to(at::kCPU, at::kDouble) / static_cast<double>(summaries_.size());
    const std::span<const double> mass(received.data_ptr<double>(), static_cast<std::size_t>(received.numel()));
    const auto massOf = [mass](const std::vector<std::int64_t>& tokens) {
        double sum = 0;
        for (const auto token : tokens)
            sum += mass[static_cast<std::size_t>(token)];
        return sum;
    };
    KnockOut result;
    result.tokens = shownTokens;
    result.controlTokens = tokensOfEqualMass(mass, shownTokens, seed);
    result.mass = massOf(result.tokens);
    result.controlMass = massOf(result.controlTokens);
    result.velocityNorm = velocity_.square().mean().sqrt().item<double>();
    try {
        const auto without = [&](const std::vector<std::int64_t>& tokens) {
            const auto bias = biasWithout(layout, context_.terms.logitBias, compute_.device, tokens);
            return byLatent((velocity_ - velocityWith(bias, context)) / result.velocityNorm, latentGrid_);
        };
        result.change = without(result.tokens);
        result.controlChange = without(result.controlTokens);
    } catch (const Stopped&) {
        return std::nullopt;
    }
    result.meanChange = meanOf(result.change);
    result.meanControlChange = meanOf(result.controlChange);
    const auto maps = onLatents(shownTokens, context, {}, measure);
    if (!maps)
        return std::nullopt;
    for (std::int64_t block = 0; block < maps->blocks; ++block)
        result.agreement.push_back(correlation(maps->of(block, {}), result.change));
    return result;
}

void Session::expectLook() const
{
    if (!probe_)
        throw Error("nothing has been looked at yet");
}

void Session::expectLatents(const std::vector<std::int64_t>& latents) const
{
    expectLook();
    if (latents.empty())
        throw UsageError("no latent token is chosen: choose at least one");
    for (const auto latent : latents) {
        if (latent < 0 || latent >= latentGrid_.count())
            throw UsageError("there is no latent token " + std::to_string(latent) + ": the picture has " +
                             std::to_string(latentGrid_.rows) + " rows of " + std::to_string(latentGrid_.cols));
    }
}

std::optional<LatentAttention> Session::ofLatents(const std::vector<std::int64_t>& latents, const JobContext& context,
                                                  std::optional<std::int64_t> block, AttentionMeasure measure)
{
    expectLatents(latents);
    std::vector<at::Tensor> byBlock(static_cast<std::size_t>(probe_->blocks()));
    for (std::int64_t i = 0; i < probe_->blocks(); ++i) {
        if (block && *block != i)
            continue;
        auto& mean = byBlock[static_cast<std::size_t>(i)];
        mean = mapOf(i, measure).mean(latents, [&context] { return context.shouldStop(); });
        if (!mean.defined())
            return std::nullopt;
    }
    const auto words = hasText() ? conditions_.words : std::vector<CaptionWord>{};
    return latentAttention(probe_->layout(), words, latents, byBlock);
}

bool Session::summarise(const JobContext& context)
{
    expectLook();
    ProgressMeter progress(context, Stage::SummingTokens, probe_->blocks(), Unit::Blocks);
    while (static_cast<std::int64_t>(summaries_.size()) < probe_->blocks()) {
        auto summary = probe_->cross(static_cast<std::int64_t>(summaries_.size())).summary([&context] {
            return context.shouldStop();
        });
        if (!summary)
            return false;
        summaries_.push_back(std::move(*summary));
        progress.update(static_cast<std::int64_t>(summaries_.size()));
    }
    return true;
}

std::optional<AttentionNumbers> Session::onLatents(const std::vector<std::int64_t>& shownTokens,
                                                   const JobContext& context, std::optional<std::int64_t> block,
                                                   AttentionMeasure measure)
{
    expectLook();
    std::vector<at::Tensor> byBlock(static_cast<std::size_t>(probe_->blocks()));
    ProgressMeter progress(context, Stage::InspectingTokens, block ? 1 : probe_->blocks(), Unit::Blocks);
    for (std::int64_t i = 0; i < probe_->blocks(); ++i) {
        if (block && *block != i)
            continue;
        const auto index = static_cast<std::size_t>(i);
        const auto& map = mapOf(i, measure);
        auto& sums = logSums_[static_cast<std::size_t>(measure)][i];
        if (!sums.defined())
            sums = measure == AttentionMeasure::Mass && index < summaries_.size()
                       ? summaries_[index].logSums
                       : map.logSums([&context] { return context.shouldStop(); });
        if (!sums.defined())
            return std::nullopt;
        byBlock[index] = map.onLatents(shownTokens, sums);
        progress.advance();
    }
    return numbersFrom(byBlock);
}

std::optional<AttentionNumbers> Session::selfAttention(const std::vector<std::int64_t>& latents,
                                                       const JobContext& context, std::optional<std::int64_t> block)
{
    expectLatents(latents);
    if (probe_->hasSelf(0)) {
        std::vector<at::Tensor> byBlock(static_cast<std::size_t>(probe_->blocks()));
        for (std::int64_t i = 0; i < probe_->blocks(); ++i) {
            if (!block || *block == i)
                byBlock[static_cast<std::size_t>(i)] = probe_->selfMean(i, latents);
        }
        return numbersFrom(byBlock);
    }
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(compute_.precision);
    SelfAttentionMean mean(latents, block, context);
    const auto t = at::full({1}, t_, at::TensorOptions(at::kFloat).device(compute_.device));
    try {
        model_->velocity(x_, t, context_, {.checkpointing = false, .observer = &mean});
    } catch (const Stopped&) {
        return std::nullopt;
    }
    return numbersFrom(mean.byBlock);
}

std::optional<AttentionSummaries> Session::summaries(const JobContext& context)
{
    if (!summarise(context))
        return std::nullopt;
    return meanSummaries(probe_->layout(), summaries_);
}

std::optional<AttentionCourse> Session::course(AttentionSubject subject, const std::vector<double>& times,
                                               const JobContext& context)
{
    AttentionCourse course;
    ProgressMeter progress(context, Stage::InspectingTimes, static_cast<std::int64_t>(times.size()), Unit::Times);
    JobContext quiet;
    quiet.control = context.control;
    subject.picture = false;
    for (const double t : times) {
        subject.t = t;
        const auto scene = look(subject, quiet);
        const auto summary = scene ? summaries(quiet) : std::nullopt;
        if (!summary)
            return std::nullopt;
        course.times.push_back(scene->t);
        course.at.push_back(*summary);
        progress.advance();
    }
    return course;
}

std::optional<Image> Session::paint(const AttentionSubject& subject, const JobContext& context)
{
    prepare(subject);
    if (autoencoder() == nullptr)
        throw UsageError((workspace_.root / "workspace.yaml").string() + " names no autoencoder (encoders.vae)",
                         remedy::NameEncoder{remedy::Encoder::Vae});
    if (!walk(subject, context))
        return std::nullopt;
    return pictureFromLatent(*autoencoder(), way_->end);
}

} // namespace

std::shared_ptr<AttentionSession> AttentionSession::open(const Workspace& workspace, const fs::path& checkpoint,
                                                         const ComputeChoice& compute)
{
    return std::make_shared<Session>(workspace, checkpoint, compute);
}

} // namespace nanodit
