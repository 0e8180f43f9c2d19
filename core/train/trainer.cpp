#include "core/train/trainer.h"

#include "core/kernels/fixed_order.h"
#include "core/model/autocast.h"
#include "core/model/gradients.h"
#include "core/model/rounded_weight.h"
#include "core/runtime/device_copy.h"
#include "core/runtime/elapsed.h"
#include "core/runtime/failure.h"
#include "core/train/attention_metrics.h"
#include "core/train/step_meter.h"

#include <cmath>
#include <limits>
#include <utility>

namespace nanodit {

namespace {

constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

std::vector<double> numbersOf(const at::Tensor& tensor)
{
    const auto numbers = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
    return {numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel()};
}

/// Their numbers, [samples without DINO]: selecting by a mask, a device would have to tell how many it selects.
at::Tensor samplesWithoutDino(const Draws& draws)
{
    std::vector<std::int64_t> numbers;
    const auto without = draws.asDrops().dino;
    for (std::size_t i = 0; i < without.size(); ++i) {
        if (without[i])
            numbers.push_back(static_cast<std::int64_t>(i));
    }
    return at::tensor(numbers, at::kLong);
}

MicroBatchRecord recordOf(const Batch& batch, const Draws& draws)
{
    return {.bucket = batch.bucket, .ids = batch.ids, .times = numbersOf(draws.t), .drops = draws.drops, .losses = {}};
}

bool isFinite(const at::Tensor& tensor)
{
    return at::isfinite(tensor.detach()).all().item<bool>();
}

std::vector<std::string> unsoundInputs(const Batch& batch)
{
    std::vector<std::string> names;
    for (const auto& [name, tensor] : {std::pair("latent", &batch.latent), std::pair("text", &batch.text),
                                       std::pair("cls", &batch.cls), std::pair("patches", &batch.patches)}) {
        if (!isFinite(*tensor))
            names.emplace_back(name);
    }
    return names;
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
    : Trainer(config, textTokens, compute, aloneCollective())
{
}

Trainer::Trainer(const TrainConfig& config, std::int64_t textTokens, const Compute& compute,
                 std::shared_ptr<Collective> collective, const BucketSizes& buckets)
    : config_(config)
    , textTokens_(textTokens)
    , compute_(compute)
    , collective_(std::move(collective))
    , model_(std::make_unique<NanoDiT>(config.model, static_cast<std::uint64_t>(config.seed), compute.device))
    , parameters_(model_->parameters())
{
    if (config.repa.enabled()) {
        alignment_.emplace(config, compute.device);
        parameters_.insert(parameters_.end(), alignment_->parameters().begin(), alignment_->parameters().end());
    }
    if (!collective_->alone()) {
        // The projector stands first and so travels last: once alignment has ended it gets no gradients in the backward
        // pass, and would hold back all that travel behind it.
        auto travelling = alignment_ ? alignment_->parameters() : Parameters{};
        const auto& ofModel = model_->parameters();
        travelling.insert(travelling.end(), ofModel.begin(), ofModel.end());
        reducer_ = std::make_unique<GradientReducer>(std::move(travelling), collective_, buckets);
    }
    optimiser_ = makeOptimiser(parameters_, config.optimiser, compute_.precision); // the one that was chosen
    if (config.ema.enabled)
        ema_.emplace(model_->parameters(), config.ema.decay, config.ema.warmup);
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

std::vector<BlockAttention> Trainer::attentionAt(const Batch& batch, const Draws& draws)
{
    try { // What cannot be measured must not end a training run.
        return measureAttention(*model_, conditionsOf(batch), noised(batch.latent, draws.noise, draws.t), draws.t,
                                compute_.precision);
    } catch (const std::exception& error) {
        attentionFault_ = sentenceOf(error);
        return {};
    }
}

Draws Trainer::drawsOf(const Batch& batch, std::int64_t microBatch) const
{
    const auto number = microBatch * collective_->size() + collective_->rank();
    return drawMicroBatch({.seed = config_.seed, .step = steps_, .microBatch = number}, config_.conditions,
                          config_.flow, batch.latent.sizes(),
                          config_.model.useDinoPatches ? batch.patchGrid : GridSize{});
}

bool Trainer::aligns() const
{
    return alignment_ && (config_.repa.endStep == 0 || steps_ < config_.repa.endStep);
}

Trainer::Loss Trainer::lossOf(const Batch& batch, const Draws& draws, ForwardOptions options,
                              const Observer& observer) const
{
    const AutocastScope autocast(compute_.precision);
    const FixedOrderScope fixedOrder(config_.deterministic);
    const auto there = draws.to(compute_);
    const auto grid = model_->tokenGrid(batch.latent.size(2), batch.latent.size(3));
    auto conditions = conditionsOf(batch);
    conditions.patchMask = there.patchMask;
    const auto context = model_->context(conditions, draws.asDrops(), grid);
    Intermediate inside{.block = aligns() ? alignment_->block() : -1};
    if (aligns() || config_.model.internalHead > 0)
        options.intermediate = &inside;
    Loss loss{.flow = flowMatching(*model_, batch.latent, there.noise, there.t, context, options, batch.lossMask)};
    if (observer)
        observer({.batch = batch, .draws = draws, .context = context});
    loss.total = loss.flow.mean();
    if (loss.flow.internal.defined())
        loss.total = loss.total + config_.flow.internalWeight * loss.flow.internal.mean();
    if (!aligns())
        return loss;
    loss.repa = alignment_->loss(inside.tokens, grid, batch.patches, batch.patchGrid, batch.lossMask);
    if (config_.repa.samples == RepaSamples::WithoutDino)
        loss.repa = loss.repa.index_select(0, sentTo(samplesWithoutDino(draws), loss.repa.device()));
    // Divided by all samples: each counts alike, however many of a micro-batch are aligned.
    loss.total = loss.total + config_.repa.weight * loss.repa.sum() / batch.latent.size(0);
    return loss;
}

LossValues Trainer::Loss::values() const
{
    std::vector<at::Tensor> there;
    std::vector<std::int64_t> sizes;
    for (const auto& part : {flow.perSample, total, flow.velocity.square().mean(), flow.internal, repa}) {
        sizes.push_back(part.defined() ? part.numel() : 0);
        if (part.defined())
            there.push_back(part.detach().to(at::kDouble).flatten());
    }
    const auto here = at::cat(there).to(at::kCPU).split_with_sizes(sizes);
    return {.perSample = here[0],
            .total = here[1].item<double>(),
            .squaredVelocity = here[2].item<double>(),
            .internal = here[3],
            .repa = here[4]};
}

std::optional<StepMetrics> Trainer::step(const BatchSource& next, const std::function<bool()>& stop,
                                         const Observer& observer)
{
    using Clock = std::chrono::steady_clock;
    const auto& parameters = parameters_;
    const auto microBatches = config_.optimiser.accumulation, ofAll = microBatches * collective_->size();
    if (!collective_->alone() && collective_->any(stop && stop()))
        return std::nullopt; // all at the same step
    StepMeter meter;
    std::vector<BlockAttention> attention;
    StepRecord record{.step = steps_ + 1, .position = samplePosition_, .skipped = false, .microBatches = {}};
    std::int64_t sound = 0;
    auto position = samplePosition_;
    attentionFault_.clear();
    clearGradients(parameters);
    for (std::int64_t micro = 0; micro < microBatches; ++micro) {
        const auto began = Clock::now();
        if (collective_->alone() && stop && stop())
            return std::nullopt;
        meter.leaveOut(secondsSince(began)); // it may have been paused
        const auto asked = Clock::now();
        auto given = next();
        if (!given)
            return std::nullopt;
        const auto batch = given->to(compute_);
        given.reset(); // what was read, where it computes elsewhere
        meter.waitedForData(secondsSince(asked));
        position = batch.position;
        const auto draws = drawsOf(batch, micro);
        if (micro == 0 && measuresAttention()) {
            const auto measured = Clock::now();
            attention = attentionAt(batch, draws.to(compute_));
            meter.leaveOut(secondsSince(measured));
        }
        const auto loss = lossOf(batch, draws, {.checkpointing = config_.checkpointing}, observer);
        record.microBatches.push_back(recordOf(batch, draws));
        // The only wait for a device: it computes the gradients while the next micro-batch is made.
        const auto values = loss.values();
        record.microBatches.back().losses = numbersOf(values.perSample);
        if (!record.microBatches.back().unsound().empty() || !std::isfinite(values.total))
            continue; // it would spoil the gradient of the others
        if (reducer_ && micro + 1 == microBatches)
            reducer_->expectLastPass();
        (loss.total / static_cast<double>(ofAll)).backward();
        ++sound;
        meter.add(draws, values);
    }
    completeGradients(parameters);
    record_ = std::move(record);
    sound = gather(sound, meter);
    if (sound > 0 && sound < ofAll)
        scaleGradients(parameters, static_cast<double>(ofAll) / static_cast<double>(sound));

    const double gradNorm = sound > 0 ? gradientNorm(parameters) : notANumber;
    const auto patchProj = whoseNameStarts(parameters, "dino_patch_proj.");
    const double patchProjNorm = patchProj.empty() || sound == 0 ? notANumber : gradientNorm(patchProj);
    const double lr = nextLearningRate();
    if (std::isfinite(gradNorm))
        update(gradNorm, lr);
    auto metrics = meter.finish();
    metrics.attention = std::move(attention);
    metrics.gradNorm = gradNorm;
    metrics.gradNormPatchProj = patchProjNorm;
    metrics.lr = lr;
    metrics.leftOut = ofAll - sound;
    metrics.skipped = record_.skipped = !std::isfinite(gradNorm);
    if (reducer_) {
        metrics.reduceWaitSeconds = reducer_->waitedSeconds();
        metrics.reduceHidden = reducer_->hiddenShare();
    }
    skippedInARow_ = metrics.skipped ? skippedInARow_ + 1 : 0;
    samplePosition_ = position;
    metrics.step = ++steps_;
    return metrics;
}

std::int64_t Trainer::gather(std::int64_t sound, StepMeter& meter)
{
    if (collective_->alone())
        return sound;
    reducer_->finish();
    auto sums = meter.sums();
    sums.push_back(static_cast<double>(sound));
    const auto numbers = at::tensor(sums, at::kDouble);
    collective_->sum(numbers);
    sums.assign(numbers.data_ptr<double>(), numbers.data_ptr<double>() + numbers.numel());
    sound = static_cast<std::int64_t>(sums.back());
    sums.pop_back();
    meter.takeSums(sums);
    return sound;
}

void Trainer::update(double gradNorm, double lr)
{
    updating_ = true;
    const auto clip = config_.optimiser.clip;
    optimiser_->step({.lr = lr,
                      .gradientFactor = clip > 0 ? clipFactor(gradNorm, clip) : 1,
                      .average = ema_ ? &*ema_ : nullptr,
                      .number = steps_});
    updating_ = false;
}

std::vector<MicroBatchFinding> Trainer::examine(const BatchSource& next)
{
    const auto microBatches = config_.optimiser.accumulation;
    std::vector<MicroBatchFinding> findings;
    clearGradients(parameters_);
    for (std::int64_t micro = 0; micro < microBatches; ++micro) {
        const auto batch = next().value().to(compute_);
        const auto draws = drawsOf(batch, micro);
        MicroBatchFinding finding{
            .record = recordOf(batch, draws), .inputs = unsoundInputs(batch), .output = {}, .gradient = {}};
        const auto gradient = std::make_shared<std::string>();
        ForwardOptions options;
        options.watch = [&finding, gradient](const std::string& part, const at::Tensor& output) {
            if (finding.output.empty() && !isFinite(output))
                finding.output = part;
            if (output.requires_grad())
                output.register_hook([gradient, part](const at::Tensor& grad) {
                    if (gradient->empty() && !isFinite(grad))
                        *gradient = part;
                });
        };
        const auto loss = lossOf(batch, draws, options, {});
        finding.record.losses = numbersOf(loss.flow.perSample);
        (loss.total / static_cast<double>(microBatches)).backward();
        finding.gradient = *gradient;
        findings.push_back(std::move(finding));
    }
    return findings;
}

std::vector<std::string> Trainer::samples() const
{
    std::vector<std::string> own;
    for (const auto& microBatch : record_.microBatches)
        own.insert(own.end(), microBatch.ids.begin(), microBatch.ids.end());
    return collective_->gather(own);
}

std::vector<std::string> Trainer::suspects() const
{
    std::vector<std::string> own;
    for (const auto& microBatch : record_.microBatches) {
        const auto unsound = microBatch.unsound();
        own.insert(own.end(), unsound.begin(), unsound.end());
    }
    const auto found = collective_->gather(own);
    return found.empty() ? samples() : found;
}

bool Trainer::measuresAttention() const
{
    const auto every = config_.metrics.attentionEvery;
    return collective_->rank() == 0 && every > 0 && (steps_ + 1) % every == 0; // who records it
}

double Trainer::nextLearningRate() const
{
    const double peak = config_.optimiser.lr * (warmStarted_ ? config_.warmStart.lrFactor : 1.0);
    return learningRate(config_.schedule, peak, steps_);
}

void Trainer::takeStateOfFirst()
{
    if (collective_->alone())
        return;
    const at::NoGradGuard noGradient;
    auto state = tensors();
    for (auto* const part : {&state.model, &state.ema, &state.optimiser, &state.projector}) {
        for (auto& [name, tensor] : *part) {
            const auto there = tensor.to(at::kCPU).contiguous();
            collective_->shareFromFirst(there);
            if (there.is_same(tensor))
                markAsWritten(tensor);
            else
                tensor.copy_(there);
        }
    }
    optimiser_->restore(state.optimiser, "rank 0"); // counts of steps are no views
    const auto place = at::tensor({steps_, samplePosition_, static_cast<std::int64_t>(warmStarted_)}, at::kLong);
    collective_->shareFromFirst(place);
    const auto* const numbers = place.data_ptr<std::int64_t>();
    steps_ = numbers[0];
    samplePosition_ = numbers[1];
    warmStarted_ = numbers[2] != 0;
}

WarmStartReport Trainer::startFrom(const StoredWeights& weights, const std::string& source)
{
    auto report = warmStart(model_->parameters(), weights, config_.warmStart.rename, source, config_.warmStart.place);
    if (config_.ema.enabled)
        ema_.emplace(model_->parameters(), config_.ema.decay, config_.ema.warmup);
    warmStarted_ = true;
    return report;
}

void Trainer::restore(const CheckpointState& state, const CheckpointTensors& tensors, const std::string& source)
{
    loadState(model_->parameters(), tensors.model, source + "/model.safetensors");
    if (alignment_)
        loadState(alignment_->parameters(), tensors.projector, source + "/projector.safetensors");
    optimiser_->restore(tensors.optimiser, source + "/optimizer.safetensors");
    if (ema_ && !tensors.ema.empty())
        ema_->restore(tensors.ema, source + "/ema.safetensors");
    else if (ema_)
        ema_.emplace(model_->parameters(), config_.ema.decay, config_.ema.warmup);
    steps_ = state.step;
    samplePosition_ = state.samplePosition;
    warmStarted_ = state.warmStarted;
    skippedInARow_ = 0;
}

CheckpointTensors Trainer::tensors() const
{
    return {.model = stateOf(model_->parameters()),
            .ema = ema_ ? ema_->state() : TensorMap{},
            .optimiser = optimiser_->state(),
            .projector = alignment_ ? stateOf(alignment_->parameters()) : TensorMap{}};
}

bool Trainer::tensorsAreSound() const
{
    return !updating_ && firstNotFinite(parameters_).empty();
}

std::unique_ptr<NanoDiT> Trainer::averagedModel() const
{
    auto model = std::make_unique<NanoDiT>(config_.model, std::nullopt, model_->device());
    loadState(model->parameters(), ema_ ? ema_->state() : stateOf(model_->parameters()), "the moving average");
    return model;
}

} // namespace nanodit
