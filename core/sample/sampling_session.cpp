#include "core/sample/sampling_session.h"

#include "core/encoders/autoencoder_kl.h"
#include "core/io/sha256.h"
#include "core/model/nanodit.h"
#include "core/runtime/compute.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"
#include "core/sample/conditions.h"
#include "core/sample/encoder_match.h"
#include "core/sample/guidance.h"
#include "core/sample/painted_by.h"
#include "core/sample/picture.h"
#include "core/sample/request_check.h"
#include "core/sample/solver.h"
#include "core/sample/stored_model.h"


#include <chrono>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

class Session final : public SamplingSession {
public:
    Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice);
    std::optional<SampleResult> sample(const SampleRequest& request, const JobContext& context,
                                       const std::function<void(const SamplePreview&)>& onPreview) override;
    const ModelConfig& model() const override { return model_->config(); }
    std::string description() const override { return description_; }

private:
    const AutoencoderKl& autoencoder();
    bool hashWeights(const JobContext& context); ///< False: stopped.
    at::Tensor noise(const SampleRequest& request) const;

    Workspace workspace_;
    Compute compute_;
    std::unique_ptr<NanoDiT> model_;
    std::unique_ptr<ConditionEncoder> conditions_;
    std::optional<AutoencoderKl> autoencoder_;
    std::string description_;
    fs::path weights_;
    PaintedBy paintedBy_; ///< Its hash is empty until the first picture needs it.
    nlohmann::json trainedEncoders_;
    std::optional<std::vector<std::string>> warnings_; ///< Once the encoders were compared.
};

Session::Session(Workspace workspace, const fs::path& checkpoint, const ComputeChoice& choice)
    : workspace_(std::move(workspace))
{
    const auto stored = StoredModel::read(checkpoint);
    compute_ = makeCompute(choice, stored.state.config.arithmetic());
    const auto& config = stored.state.config.model;
    model_ = std::make_unique<NanoDiT>(config, 0, compute_.device);
    loadState(model_->parameters(), stored.weights, checkpoint.string());
    conditions_ =
        std::make_unique<ConditionEncoder>(workspace_, stored.state.dino, stored.state.textTokens, config, compute_);
    description_ = stored.description(elementCount(model_->parameters()));
    trainedEncoders_ = stored.state.encoders;
    weights_ = weightsFile(checkpoint);
    paintedBy_ = {.run = stored.state.run, .step = stored.state.step, .averaged = stored.averaged, .sha256 = {}};
}

bool Session::hashWeights(const JobContext& context)
{
    if (!paintedBy_.sha256.empty())
        return true;
    const auto hash = sha256OfFile(weights_, [&context](std::size_t) { return !context.shouldStop(); });
    paintedBy_.sha256 = hash.value_or("");
    return hash.has_value();
}

const AutoencoderKl& Session::autoencoder()
{
    if (!autoencoder_) {
        if (workspace_.config.vae.empty())
            throw UsageError((workspace_.root / "workspace.yaml").string() + " names no autoencoder (encoders.vae)",
                             remedy::NameEncoder{remedy::Encoder::Vae});
        autoencoder_ = AutoencoderKl::load(workspace_.path(workspace_.config.vae), EncoderOptions::of(compute_));
        const auto channels = autoencoder_->config().latentChannels;
        if (channels != model().latentChannels)
            throw DataError("the autoencoder " + workspace_.config.vae + " has " + std::to_string(channels) +
                            " latent channels, but the model was trained on " + std::to_string(model().latentChannels) +
                            ": set encoders.vae to the one that its data were made with");
    }
    return *autoencoder_;
}

at::Tensor Session::noise(const SampleRequest& request) const
{
    const auto generator = seededGenerator(request.seed);
    const auto factor = autoencoder_->config().factor();
    return at::randn({1, model().latentChannels, request.size.height / factor, request.size.width / factor}, generator,
                     at::TensorOptions(at::kFloat))
        .to(compute_.device);
}

std::optional<SampleResult> Session::sample(const SampleRequest& request, const JobContext& context,
                                            const std::function<void(const SamplePreview&)>& onPreview)
{
    const auto start = std::chrono::steady_clock::now();
    if (!warnings_)
        warnings_ = differingEncoders(workspace_, trainedEncoders_, context);
    if (!warnings_ || !hashWeights(context))
        return std::nullopt;
    const auto& decoder = autoencoder();
    checkRequest(request, decoder.config().factor() * model().patchSize);
    const auto x = noise(request);
    const auto grid = model_->tokenGrid(x.size(2), x.size(3));
    if (context.shouldStop())
        return std::nullopt;
    const auto encoded = conditions_->encode(request);
    GuidedVelocity velocity(*model_, encoded.conditions, grid,
                            {.mode = request.guidance,
                             .textScale = request.textScale,
                             .dinoScale = request.dinoScale,
                             .interval = request.guidanceInterval,
                             .hasText = encoded.hasText,
                             .hasDino = encoded.hasDino},
                            compute_);
    ProgressMeter progress(context, Stage::Sampling, request.steps, Unit::Steps);
    const auto latent = solve(
        request.solver, [&velocity](const at::Tensor& at, float t) { return velocity(at, t); }, x,
        flowTimes(request.steps, request.shift),
        [&](const SolverStep& step) {
            if (step.step > 0) {
                progress.update(step.step);
                if (request.previewEvery > 0 && step.step % request.previewEvery == 0 && step.step < request.steps)
                    onPreview(
                        {.step = step.step, .steps = request.steps, .picture = pictureFromLatent(decoder, step.image)});
            }
            return !context.shouldStop();
        });
    if (!latent)
        return std::nullopt;
    SampleResult result;
    result.picture = pictureFromLatent(decoder, *latent);
    result.settings = settingsOf(request);
    result.settings.merge(textOf(paintedBy_));
    result.settings["Software"] = "NanoDiT Workbench";
    result.settings["Comment"] = description_;
    result.warnings = *warnings_;
    result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return result;
}

} // namespace

std::shared_ptr<SamplingSession> SamplingSession::open(const Workspace& workspace, const fs::path& checkpoint,
                                                       const ComputeChoice& compute)
{
    return std::make_shared<Session>(workspace, checkpoint, compute);
}

} // namespace nanodit
