#include "core/inspect/attention_moment.h"

#include "core/inspect/attention_numbers.h"
#include "core/inspect/knock_out.h"
#include "core/inspect/stopping_observers.h"
#include "core/model/autocast.h"
#include "core/runtime/error.h"

#include <numeric>
#include <utility>

namespace nanodit {

namespace {

/// All blocks' queries and keys of self attention are kept while they take no more than this.
constexpr std::int64_t selfAttentionBytes = std::int64_t{32} << 20;

/// The root mean square of every latent token's numbers: [1, C, h, w] -> [L]
std::vector<float> byLatent(const at::Tensor& velocity, GridSize latents)
{
    const auto p = velocity.size(2) / latents.rows;
    const auto cells = velocity[0].reshape({velocity.size(1), latents.rows, p, latents.cols, p});
    const auto means = cells.square().mean(at::IntArrayRef{0, 2, 4}).sqrt().flatten().to(at::kCPU).contiguous();
    return {means.data_ptr<float>(), means.data_ptr<float>() + means.numel()};
}

double meanOverLatents(const std::vector<float>& values)
{
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// t for the one sample of a moment: [1].
at::Tensor momentTime(const MomentInputs& in)
{
    return at::full({1}, in.t, at::TensorOptions(at::kFloat).device(in.compute.device));
}

/// The blocks whose self attention is kept from the evaluation.
std::set<std::int64_t> keptSelfBlocks(const ModelConfig& model, GridSize latents)
{
    std::set<std::int64_t> blocks;
    if (2 * 4 * model.depth * latents.count() * model.hiddenSize <= selfAttentionBytes) {
        for (std::int64_t i = 0; i < model.depth; ++i)
            blocks.insert(i);
    }
    return blocks;
}

} // namespace

AttentionMoment::AttentionMoment(MomentInputs inputs, at::Tensor velocity, AttentionProbe probe)
    : in_(std::move(inputs))
    , velocity_(std::move(velocity))
    , probe_(std::move(probe))
{
}

std::unique_ptr<AttentionMoment> AttentionMoment::look(MomentInputs inputs, const JobContext& context)
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(inputs.compute.precision);
    const auto& config = inputs.model.config();
    ProgressMeter progress(context, Stage::InspectingBlocks, config.depth, Unit::Blocks);
    StoppableProbe probe({inputs.context, 0, inputs.patches, inputs.latents, keptSelfBlocks(config, inputs.latents)},
                         context, progress);
    at::Tensor velocity;
    try {
        velocity = inputs.model.velocity(inputs.x, momentTime(inputs), inputs.context,
                                         {.checkpointing = false, .observer = &probe});
    } catch (const Stopped&) {
        return nullptr;
    }
    progress.update(config.depth);
    return std::unique_ptr<AttentionMoment>(
        new AttentionMoment(std::move(inputs), std::move(velocity), std::move(static_cast<AttentionProbe&>(probe))));
}

const CrossAttentionMap& AttentionMoment::mapOf(std::int64_t block, AttentionMeasure measure)
{
    const auto& map = probe_.cross(block);
    if (measure == AttentionMeasure::Mass)
        return map;
    const auto found = contributions_.find(block);
    return found != contributions_.end() ? found->second
                                         : contributions_.emplace(block, map.byContribution()).first->second;
}

at::Tensor AttentionMoment::velocityWith(const at::Tensor& logitBias, const JobContext& context) const
{
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(in_.compute.precision);
    auto changed = in_.context; // shares its tensors
    changed.terms.logitBias = logitBias;
    StopWatch watch(context);
    return in_.model.velocity(in_.x, momentTime(in_), changed, {.checkpointing = false, .observer = &watch});
}

std::optional<KnockOut> AttentionMoment::knockOut(const std::vector<std::int64_t>& shownTokens, std::uint64_t seed,
                                                  AttentionMeasure measure, const JobContext& context)
{
    const auto& layout = probe_.layout();
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
            const auto bias = biasWithout(layout, in_.context.terms.logitBias, in_.compute.device, tokens);
            return byLatent((velocity_ - velocityWith(bias, context)) / result.velocityNorm, in_.latents);
        };
        result.change = without(result.tokens);
        result.controlChange = without(result.controlTokens);
    } catch (const Stopped&) {
        return std::nullopt;
    }
    result.meanChange = meanOverLatents(result.change);
    result.meanControlChange = meanOverLatents(result.controlChange);
    const auto maps = onLatents(shownTokens, context, {}, measure);
    if (!maps)
        return std::nullopt;
    for (std::int64_t block = 0; block < maps->blocks; ++block)
        result.agreement.push_back(correlation(maps->of(block, {}), result.change));
    return result;
}

void AttentionMoment::expectLatents(const std::vector<std::int64_t>& latents) const
{
    if (latents.empty())
        throw UsageError("no latent token is chosen: choose at least one");
    for (const auto latent : latents) {
        if (latent < 0 || latent >= in_.latents.count())
            throw UsageError("there is no latent token " + std::to_string(latent) + ": the picture has " +
                             std::to_string(in_.latents.rows) + " rows of " + std::to_string(in_.latents.cols));
    }
}

std::optional<LatentAttention> AttentionMoment::ofLatents(const std::vector<std::int64_t>& latents,
                                                          const JobContext& context, std::optional<std::int64_t> block,
                                                          AttentionMeasure measure)
{
    expectLatents(latents);
    std::vector<at::Tensor> byBlock(static_cast<std::size_t>(probe_.blocks()));
    for (std::int64_t i = 0; i < probe_.blocks(); ++i) {
        if (block && *block != i)
            continue;
        auto& mean = byBlock[static_cast<std::size_t>(i)];
        mean = mapOf(i, measure).mean(latents, [&context] { return context.shouldStop(); });
        if (!mean.defined())
            return std::nullopt;
    }
    return latentAttention(probe_.layout(), in_.words, latents, byBlock);
}

bool AttentionMoment::summarise(const JobContext& context)
{
    ProgressMeter progress(context, Stage::SummingTokens, probe_.blocks(), Unit::Blocks);
    while (static_cast<std::int64_t>(summaries_.size()) < probe_.blocks()) {
        auto summary = probe_.cross(static_cast<std::int64_t>(summaries_.size())).summary([&context] {
            return context.shouldStop();
        });
        if (!summary)
            return false;
        summaries_.push_back(std::move(*summary));
        progress.update(static_cast<std::int64_t>(summaries_.size()));
    }
    return true;
}

std::optional<AttentionNumbers> AttentionMoment::onLatents(const std::vector<std::int64_t>& shownTokens,
                                                           const JobContext& context, std::optional<std::int64_t> block,
                                                           AttentionMeasure measure)
{
    std::vector<at::Tensor> byBlock(static_cast<std::size_t>(probe_.blocks()));
    ProgressMeter progress(context, Stage::InspectingTokens, block ? 1 : probe_.blocks(), Unit::Blocks);
    for (std::int64_t i = 0; i < probe_.blocks(); ++i) {
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

std::optional<AttentionNumbers> AttentionMoment::selfAttention(const std::vector<std::int64_t>& latents,
                                                               const JobContext& context,
                                                               std::optional<std::int64_t> block)
{
    expectLatents(latents);
    if (probe_.hasSelf(0)) {
        std::vector<at::Tensor> byBlock(static_cast<std::size_t>(probe_.blocks()));
        for (std::int64_t i = 0; i < probe_.blocks(); ++i) {
            if (!block || *block == i)
                byBlock[static_cast<std::size_t>(i)] = probe_.selfMean(i, latents);
        }
        return numbersFrom(byBlock);
    }
    const at::NoGradGuard noGradient;
    const AutocastScope autocast(in_.compute.precision);
    SelfAttentionMean mean(latents, block, context);
    try {
        in_.model.velocity(in_.x, momentTime(in_), in_.context, {.checkpointing = false, .observer = &mean});
    } catch (const Stopped&) {
        return std::nullopt;
    }
    return numbersFrom(mean.byBlock);
}

std::optional<AttentionSummaries> AttentionMoment::summaries(const JobContext& context)
{
    if (!summarise(context))
        return std::nullopt;
    return meanSummaries(probe_.layout(), summaries_);
}

} // namespace nanodit
