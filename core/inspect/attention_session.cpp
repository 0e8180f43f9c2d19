#include "core/inspect/attention_session.h"

#include "core/encoders/autoencoder_kl.h"
#include "core/inspect/attention_numbers.h"
#include "core/inspect/subject_conditions.h"
#include "core/io/npy.h"
#include "core/model/autocast.h"
#include "core/preprocess/derived_array.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/sample/guidance.h"
#include "core/sample/picture.h"
#include "core/sample/request_check.h"
#include "core/sample/solver.h"
#include "core/sample/stored_model.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>
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

/// Thrown through the model's evaluation when its job is to stop.
struct Stopped {};

/// Takes the mean self attention of chosen latents while the model runs, without keeping what it compares.
class SelfAttentionMean final : public AttentionObserver {
public:
    SelfAttentionMean(const std::vector<std::int64_t>& latents, std::optional<std::int64_t> block,
                      const JobContext& context)
        : latents_(latents)
        , block_(block)
        , context_(context)
    {
    }
    void selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys) override
    {
        if (context_.shouldStop())
            throw Stopped{};
        byBlock.emplace_back();
        if (!block_ || *block_ == block)
            byBlock.back() = meanSelfAttention(queries[0].to(at::kFloat), keys[0].to(at::kFloat), latents_);
    }
    void crossAttention(std::int64_t, const CrossAttentionInputs&) override {}

    std::vector<at::Tensor> byBlock; ///< [H, L] each; undefined for blocks that were not asked for.

private:
    const std::vector<std::int64_t>& latents_;
    std::optional<std::int64_t> block_;
    const JobContext& context_;
};

class StoppableProbe final : public AttentionProbe {
public:
    StoppableProbe(AttentionProbe probe, const JobContext& context, ProgressMeter& progress)
        : AttentionProbe(std::move(probe))
        , context_(context)
        , progress_(progress)
    {
    }
    void selfAttention(std::int64_t block, const at::Tensor& queries, const at::Tensor& keys) override
    {
        if (context_.shouldStop())
            throw Stopped{};
        progress_.update(block);
        AttentionProbe::selfAttention(block, queries, keys);
    }

private:
    const JobContext& context_;
    ProgressMeter& progress_;
};

class Session final : public AttentionSession {
public:
    Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice);
    const ModelConfig& model() const override { return model_->config(); }
    std::string description() const override { return description_; }

    std::optional<AttentionScene> look(const AttentionSubject& subject, const JobContext& context) override;
    std::optional<LatentAttention> ofLatents(const std::vector<std::int64_t>& latents, const JobContext& context,
                                             std::optional<std::int64_t> block) override;
    std::optional<AttentionNumbers> onLatents(const std::vector<std::int64_t>& shownTokens, const JobContext& context,
                                              std::optional<std::int64_t> block) override;
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
    bool summarise(const JobContext& context);
    void expectLook() const;
    void expectLatents(const std::vector<std::int64_t>& latents) const;
    const AutoencoderKl* autoencoder();

    Workspace workspace_;
    Compute compute_;
    std::unique_ptr<NanoDiT> model_;
    std::unique_ptr<ConditionEncoder> encoder_;
    std::unique_ptr<SubjectReader> reader_;
    std::optional<AutoencoderKl> autoencoder_;
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
    at::Tensor x_;
    float t_ = 0;
    std::optional<AttentionProbe> probe_;
    std::vector<AttentionSummary> summaries_; ///< By block, of this moment; empty until asked.
    std::vector<at::Tensor> logSums_;         ///< The same.
};

Session::Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice)
    : workspace_(std::move(workspace))
{
    const auto stored = StoredModel::read(checkpoint);
    compute_ = makeCompute(choice, stored.state.config.arithmetic());
    const auto& config = stored.state.config.model;
    model_ = std::make_unique<NanoDiT>(config, 0, compute_.device);
    loadState(model_->parameters(), stored.weights, checkpoint.string());
    encoder_ =
        std::make_unique<ConditionEncoder>(workspace_, stored.state.dino, stored.state.textTokens, config, compute_);
    reader_ = std::make_unique<SubjectReader>(workspace_, *encoder_, *model_, stored.state.textTokens);
    description_ = stored.description(elementCount(model_->parameters()));
}

const AutoencoderKl* Session::autoencoder()
{
    if (!autoencoder_ && !workspace_.config.vae.empty())
        autoencoder_ = AutoencoderKl::load(workspace_.path(workspace_.config.vae), EncoderOptions::of(compute_));
    return autoencoder_ ? &*autoencoder_ : nullptr;
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
    summaries_.clear();
    logSums_.clear();
    subject_ = subject;
    context_ = model_->context(conditions_.conditions, {.text = {!hasText()}, .dino = {!hasDino()}}, latentGrid_, true);
}

at::Tensor Session::noise(std::uint64_t seed) const
{
    const auto generator = at::make_generator<at::CPUGeneratorImpl>(seed);
    return at::randn(latentShape_, generator, at::TensorOptions(at::kFloat)).to(compute_.device);
}

bool Session::walk(const AttentionSubject& subject, const JobContext& context)
{
    const auto key = [](const AttentionSubject& s) { return std::tuple(settingsOf(s.sampling), s.seen, sourceOf(s)); };
    if (way_ && key(way_->subject) == key(subject) && way_->subject.edits == subject.edits)
        return true;
    const auto& settings = subject.sampling;
    GuidedVelocity velocity(*model_, conditions_.conditions, latentGrid_,
                            {.mode = settings.guidance,
                             .textScale = settings.textScale,
                             .dinoScale = settings.dinoScale,
                             .interval = settings.guidanceInterval,
                             .hasText = hasText(),
                             .hasDino = hasDino()},
                            compute_);
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
    summaries_.clear();
    logSums_.clear();
    std::tie(x_, t_) = stateAt(subject);
    std::set<std::int64_t> selfBlocks;
    if (2 * 4 * model().depth * latentGrid_.count() * model().hiddenSize <= selfAttentionBytes) {
        for (std::int64_t i = 0; i < model().depth; ++i)
            selfBlocks.insert(i);
    }
    at::Tensor velocity;
    try {
        velocity = evaluate(std::move(selfBlocks), context);
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
    if (subject.picture) {
        if (autoencoder() != nullptr)
            scene.forming = pictureFromLatent(*autoencoder(), x_ - t_ * velocity);
        scene.reference = reader_->referenceImage(record_, subject.sampling);
    }
    return scene;
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
                                                  std::optional<std::int64_t> block)
{
    expectLatents(latents);
    std::vector<at::Tensor> byBlock(static_cast<std::size_t>(probe_->blocks()));
    for (std::int64_t i = 0; i < probe_->blocks(); ++i) {
        if (block && *block != i)
            continue;
        auto& mean = byBlock[static_cast<std::size_t>(i)];
        mean = probe_->cross(i).mean(latents, [&context] { return context.shouldStop(); });
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
                                                   const JobContext& context, std::optional<std::int64_t> block)
{
    expectLook();
    const auto blocks = static_cast<std::size_t>(probe_->blocks());
    logSums_.resize(blocks);
    std::vector<at::Tensor> byBlock(blocks);
    ProgressMeter progress(context, Stage::InspectingTokens, block ? 1 : probe_->blocks(), Unit::Blocks);
    for (std::size_t i = 0; i < blocks; ++i) {
        if (block && *block != static_cast<std::int64_t>(i))
            continue;
        const auto& map = probe_->cross(static_cast<std::int64_t>(i));
        auto& sums = logSums_[i];
        if (!sums.defined())
            sums = i < summaries_.size() ? summaries_[i].logSums
                                         : map.logSums([&context] { return context.shouldStop(); });
        if (!sums.defined())
            return std::nullopt;
        byBlock[i] = map.onLatents(shownTokens, sums);
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
    return meanSummaries(summaries_);
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

std::vector<std::int64_t> AttentionScene::tokensOf(const CaptionWord& word) const
{
    std::vector<std::int64_t> tokens;
    for (std::int64_t i = 0; i < word.tokens; ++i)
        tokens.push_back(word.firstToken + i);
    return tokens;
}

std::shared_ptr<AttentionSession> AttentionSession::open(const Workspace& workspace, const fs::path& checkpoint,
                                                         const ComputeChoice& compute)
{
    return std::make_shared<Session>(workspace, checkpoint, compute);
}

} // namespace nanodit
