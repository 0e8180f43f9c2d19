#include "core/inspect/attention_session.h"

#include "core/encoders/encoder_info.h"
#include "core/inspect/attention_moment.h"
#include "core/inspect/attention_numbers.h"
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
#include <tuple>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

bool seesText(SeenConditions seen)
{
    return seen == SeenConditions::All || seen == SeenConditions::TextOnly;
}
bool seesDino(SeenConditions seen)
{
    return seen == SeenConditions::All || seen == SeenConditions::DinoOnly;
}

class Session final : public AttentionSession {
public:
    Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice);
    const ModelConfig& model() const override { return model_->config(); }
    std::string description() const override { return description_; }

    std::optional<GridSize> patchesOf(const AttentionSubject& subject, const JobContext& context) override
    {
        return prepare(subject, context) ? std::optional(conditions_.conditions.patchGrid) : std::nullopt;
    }
    std::optional<AttentionScene> look(const AttentionSubject& subject, const JobContext& context) override;
    std::optional<LatentAttention> ofLatents(const std::vector<std::int64_t>& latents, const JobContext& context,
                                             std::optional<std::int64_t> block, AttentionMeasure measure) override
    {
        return moment().ofLatents(latents, context, block, measure);
    }
    std::optional<AttentionNumbers> onLatents(const std::vector<std::int64_t>& shownTokens, const JobContext& context,
                                              std::optional<std::int64_t> block, AttentionMeasure measure) override
    {
        return moment().onLatents(shownTokens, context, block, measure);
    }
    std::optional<KnockOut> knockOut(const std::vector<std::int64_t>& shownTokens, std::uint64_t seed,
                                     AttentionMeasure measure, const JobContext& context) override
    {
        return moment().knockOut(shownTokens, seed, measure, context);
    }
    std::optional<AttentionNumbers> selfAttention(const std::vector<std::int64_t>& latents, const JobContext& context,
                                                  std::optional<std::int64_t> block) override
    {
        return moment().selfAttention(latents, context, block);
    }
    std::optional<AttentionSummaries> summaries(const JobContext& context) override
    {
        return moment().summaries(context);
    }
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
    /// False when stopped.
    bool prepare(const AttentionSubject& subject, const JobContext& context);
    bool walk(const AttentionSubject& subject, const JobContext& context);
    at::Tensor noise(std::uint64_t seed) const;
    std::pair<at::Tensor, float> stateAt(const AttentionSubject& subject) const;
    AttentionMoment& moment() const;
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
    std::string source_;               ///< What its conditions were read from, edits apart.
    std::optional<RecordInfo> record_; ///< None: a sample.
    SubjectConditions conditions_;
    ConditionContext context_;
    std::vector<std::int64_t> latentShape_; ///< [1, C, h, w]
    GridSize latentGrid_;
    std::optional<Way> way_;
    std::unique_ptr<AttentionMoment> moment_; ///< The last that was looked at; none when that was stopped.
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

bool Session::prepare(const AttentionSubject& subject, const JobContext& context)
{
    auto source = reader_->source(subject.record, subject.sampling);
    const bool same = subject_ && source_ == source && subject_->edits == subject.edits;
    if (same && subject_->seen == subject.seen) {
        subject_ = subject;
        return true;
    }
    if (!same) {
        way_.reset();
        subject_.reset();
        record_.reset();
        if (!subject.record.empty())
            record_ = reader_->record(subject.record);
        const auto stop = [&context] { return context.shouldStop(); };
        auto conditions = record_ ? reader_->read(*record_, subject.edits, stop)
                                  : reader_->read(subject.sampling, subject.edits, stop);
        if (!conditions)
            return false;
        conditions_ = std::move(*conditions);
        const auto size = record_ ? record_->bucket : subject.sampling.size;
        const auto factor = autoencoderFactor(workspace_);
        if (!record_)
            checkRequest(subject.sampling, factor * model().patchSize);
        latentShape_ = {1, model().latentChannels, size.height / factor, size.width / factor};
        latentGrid_ = model_->tokenGrid(latentShape_[2], latentShape_[3]);
    }
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(compute_.precision);
    moment_.reset(); // it holds the old context's keys
    const bool text = seesText(subject.seen) && conditions_.hasText,
               dino = seesDino(subject.seen) && conditions_.hasDino;
    context_ = model_->context(conditions_.conditions, {.text = {!text}, .dino = {!dino}}, latentGrid_, true);
    source_ = std::move(source);
    subject_ = subject; // last: one whose context cannot be made is not taken for prepared
    return true;
}

at::Tensor Session::noise(std::uint64_t seed) const
{
    const auto generator = seededGenerator(seed);
    return at::randn(latentShape_, generator, at::TensorOptions(at::kFloat)).to(compute_.device);
}

bool Session::walk(const AttentionSubject& subject, const JobContext& context)
{
    const auto key = [](const AttentionSubject& s) { return std::tuple(settingsOf(s.sampling), s.seen); };
    if (way_ && key(way_->subject) == key(subject)) // of these conditions: others have made it go
        return true;
    const auto& settings = subject.sampling;
    if (settings.weakGuide || settings.start)
        throw UsageError("attention cannot follow a picture that was guided by a weaker model or started from "
                         "another picture: generate it without these");
    GuidedVelocity velocity(*model_, conditions_.conditions, {.text = hasText(), .dino = hasDino()}, latentGrid_,
                            Guidance::of(settings, conditions_.conditions.patchGrid), compute_);
    velocity.stopWhen([&context] { return context.shouldStop(); });
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
    const auto x0 = floatCopyOf(readNpy(file)).to(compute_.device).unsqueeze(0);
    if (x0.sizes() != at::IntArrayRef(latentShape_))
        throw DataError(file.string() + " holds " + shapeText(x0.sizes()) + ", but the record's bucket needs " +
                            shapeText(latentShape_),
                        remedy::VerifyArrays{});
    const auto t = static_cast<float>(subject.t);
    return {(1 - t) * x0 + t * noise(subject.sampling.seed), t};
}

std::optional<AttentionScene> Session::look(const AttentionSubject& subject, const JobContext& context)
{
    if (!(subject.t > 0 && subject.t <= 1))
        throw UsageError("t is " + std::to_string(subject.t) + ", but must be above 0 and at most 1");
    if (!prepare(subject, context) || (alongSampling(subject) && !walk(subject, context)))
        return std::nullopt;
    auto [x, t] = stateAt(subject);
    moment_.reset(); // before another is made: both hold queries and keys of every block
    moment_ = AttentionMoment::look({.model = *model_,
                                     .compute = compute_,
                                     .context = context_,
                                     .patches = conditions_.conditions.patchGrid,
                                     .latents = latentGrid_,
                                     .words = hasText() ? conditions_.words : std::vector<CaptionWord>{},
                                     .x = std::move(x),
                                     .t = t},
                                    context);
    if (!moment_)
        return std::nullopt;
    const auto& layout = moment_->layout();
    AttentionScene scene;
    scene.bucket = record_ ? record_->bucket : subject.sampling.size;
    scene.latents = latentGrid_;
    scene.patches = layout.patchGrid;
    scene.blocks = model().depth;
    scene.heads = model().numHeads;
    scene.textTokens = layout.textTokens;
    scene.t = t;
    if (hasText()) {
        scene.words = conditions_.words;
        scene.caption = conditions_.caption;
    }
    scene.evenAlignment = layout.patchGrid.count() == 0 ? 0 : evenAlignment(layout);
    if (const auto radii = model_->priorRadii(); radii.defined())
        scene.radii = numbersFrom(radii.unsqueeze(-1).unbind(0));
    if (subject.picture) {
        if (autoencoder() != nullptr) {
            auto forming =
                pictureFromLatent(*autoencoder(), moment_->forming(), [&context] { return context.shouldStop(); });
            if (!forming)
                return std::nullopt;
            scene.forming = std::move(*forming);
        }
        scene.reference = reader_->referenceImage(record_, subject.sampling);
    }
    return scene;
}

AttentionMoment& Session::moment() const
{
    if (!moment_)
        throw Error("nothing has been inspected yet");
    return *moment_;
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
    if (!prepare(subject, context))
        return std::nullopt;
    if (autoencoder() == nullptr)
        throw UsageError((workspace_.root / "workspace.yaml").string() + " names no autoencoder (encoders.vae)",
                         remedy::NameEncoder{remedy::Encoder::Vae});
    if (!walk(subject, context))
        return std::nullopt;
    return pictureFromLatent(*autoencoder(), way_->end, [&context] { return context.shouldStop(); });
}

} // namespace

std::shared_ptr<AttentionSession> AttentionSession::open(const Workspace& workspace, const fs::path& checkpoint,
                                                         const ComputeChoice& compute)
{
    return std::make_shared<Session>(workspace, checkpoint, compute);
}

} // namespace nanodit
