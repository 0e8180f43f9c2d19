#include "core/train/trainer.h"

#include "core/model/autocast.h"
#include "core/train/attention_metrics.h"
#include "core/train/flow_matching.h"
#include "core/train/step_meter.h"

#include <cmath>
#include <limits>

namespace nanodit {

namespace {

constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

AdamWOptions adamWOptions(const OptimiserConfig& config)
{
    return {.betas = config.betas, .eps = config.eps, .weightDecay = config.weightDecay};
}

/// Those of samples whose loss is not finite.
std::vector<std::string> unsound(const Batch& batch, const at::Tensor& perSample)
{
    const auto finite = at::isfinite(perSample.detach()).to(at::kCPU).contiguous();
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < batch.ids.size(); ++i) {
        if (!finite.data_ptr<bool>()[i])
            ids.push_back(batch.ids[i]);
    }
    return ids;
}

Parameters whoseNameStarts(const Parameters& parameters, const std::string& prefix)
{
    Parameters found;
    for (const auto& parameter : parameters) {
        if (parameter.name.starts_with(prefix))
            found.push_back(parameter);
    }
    return found;
}

} // namespace

Trainer::Trainer(const TrainConfig& config, std::int64_t textTokens)
    : Trainer(config, textTokens, {.device = at::kCPU, .precision = config.precision})
{
}

Trainer::Trainer(const TrainConfig& config, std::int64_t textTokens, const Compute& compute)
    : config_(config)
    , textTokens_(textTokens)
    , compute_(compute)
    , model_(std::make_unique<NanoDiT>(config.model, static_cast<std::uint64_t>(config.seed), compute.device))
    , optimiser_(model_->parameters(), adamWOptions(config.optimiser))
{
    if (config.ema.enabled)
        ema_.emplace(model_->parameters(), config.ema.decay);
}

Conditions Trainer::conditionsOf(const Batch& batch) const
{
    return {.cls = batch.cls,
            .patches = batch.patches,
            .patchGrid = batch.patchGrid,
            .text = batch.text,
            .textMask = batch.textMask,
            .textTokens = textTokens_};
}

std::vector<BlockAttention> Trainer::attentionAt(const Batch& batch, const Draws& draws) const
{
    return measureAttention(*model_, conditionsOf(batch), noised(batch.latent, draws.noise, draws.t), draws.t,
                            compute_.precision);
}

std::optional<StepMetrics> Trainer::step(const BatchSource& next, const std::function<bool()>& stop,
                                         const Observer& observer)
{
    using Clock = std::chrono::steady_clock;
    const auto& parameters = model_->parameters();
    const auto microBatches = config_.optimiser.accumulation;
    StepMeter meter;
    std::vector<BlockAttention> attention;
    std::vector<std::string> seen, bad;
    auto position = samplePosition_;
    zeroGradients(parameters);
    for (std::int64_t micro = 0; micro < microBatches && bad.empty(); ++micro) {
        if (stop && stop())
            return std::nullopt;
        const auto asked = Clock::now();
        const auto batch = next().to(compute_);
        meter.waitedForData(std::chrono::duration<double>(Clock::now() - asked).count());
        position = batch.position;
        seen.insert(seen.end(), batch.ids.begin(), batch.ids.end());

        const auto draws = drawMicroBatch({.seed = config_.seed, .step = steps_, .microBatch = micro},
                                          config_.conditions, config_.flow, batch.latent.sizes(),
                                          config_.model.useDinoPatches ? batch.patchGrid : GridSize{});
        const auto there = draws.to(compute_);
        if (micro == 0 && measuresAttention()) {
            const auto began = Clock::now();
            attention = attentionAt(batch, there);
            meter.leaveOut(std::chrono::duration<double>(Clock::now() - began).count());
        }
        FlowLoss loss;
        {
            const AutocastScope autocast(compute_.precision);
            const auto grid = model_->tokenGrid(batch.latent.size(2), batch.latent.size(3));
            auto conditions = conditionsOf(batch);
            conditions.patchMask = there.patchMask;
            const auto context = model_->context(conditions, draws.asDrops(), grid);
            loss = flowMatching(*model_, batch.latent, there.noise, there.t, context,
                                {.checkpointing = config_.checkpointing}, batch.lossMask);
            if (observer)
                observer({.batch = batch, .draws = draws, .context = context});
        }
        meter.add(draws, loss.perSample, loss.velocity);
        bad = unsound(batch, loss.perSample);
        if (bad.empty())
            (loss.mean() / static_cast<double>(microBatches)).backward();
    }

    auto metrics = meter.finish();
    metrics.attention = std::move(attention);
    metrics.gradNorm = bad.empty() ? gradientNorm(parameters) : notANumber;
    const auto patchProj = whoseNameStarts(parameters, "dino_patch_proj.");
    metrics.gradNormPatchProj = patchProj.empty() ? notANumber : gradientNorm(patchProj);
    metrics.lr = nextLearningRate();
    metrics.skipped = !std::isfinite(metrics.gradNorm);
    if (metrics.skipped) {
        suspects_ = bad.empty() ? seen : bad;
        ++skippedInARow_;
    } else {
        if (config_.optimiser.clip > 0)
            clipGradients(parameters, metrics.gradNorm, config_.optimiser.clip);
        optimiser_.step(metrics.lr);
        if (ema_)
            ema_->update();
        skippedInARow_ = 0;
    }
    samplePosition_ = position;
    metrics.step = ++steps_;
    return metrics;
}

bool Trainer::measuresAttention() const
{
    const auto every = config_.metrics.attentionEvery;
    return every > 0 && (steps_ + 1) % every == 0;
}

double Trainer::nextLearningRate() const
{
    const double peak = config_.optimiser.lr * (warmStarted_ ? config_.warmStart.lrFactor : 1.0);
    return learningRate(config_.schedule, peak, steps_);
}

WarmStartReport Trainer::startFrom(const StoredWeights& weights, const std::string& source)
{
    auto report =
        warmStart(model_->parameters(), weights, config_.warmStart.rename, source, config_.warmStart.place);
    if (config_.ema.enabled)
        ema_.emplace(model_->parameters(), config_.ema.decay);
    warmStarted_ = true;
    return report;
}

void Trainer::restore(const CheckpointState& state, const CheckpointTensors& tensors, const std::string& source)
{
    loadState(model_->parameters(), tensors.model, source + "/model.safetensors");
    optimiser_.restore(tensors.optimiser, source + "/optimizer.safetensors");
    if (ema_ && !tensors.ema.empty())
        ema_->restore(tensors.ema, source + "/ema.safetensors");
    else if (ema_)
        ema_.emplace(model_->parameters(), config_.ema.decay);
    steps_ = state.step;
    samplePosition_ = state.samplePosition;
    warmStarted_ = state.warmStarted;
    skippedInARow_ = 0;
}

CheckpointTensors Trainer::tensors() const
{
    return {.model = stateOf(model_->parameters()),
            .ema = ema_ ? ema_->state() : TensorMap{},
            .optimiser = optimiser_.state()};
}

std::unique_ptr<NanoDiT> Trainer::averagedModel() const
{
    auto model = std::make_unique<NanoDiT>(config_.model, 0, model_->device());
    loadState(model->parameters(), ema_ ? ema_->state() : stateOf(model_->parameters()), "the moving average");
    return model;
}

} // namespace nanodit
