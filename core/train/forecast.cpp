#include "core/train/forecast.h"

#include "core/config/yaml.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace nanodit {

namespace {

constexpr std::int64_t wide = 4; ///< Bytes of a float32.

/// Bytes of what matrix products take and give.
std::int64_t narrowOf(const TrainConfig& config)
{
    return config.precision == Precision::Bf16 ? 2 : wide;
}

std::int64_t innerWidth(const ModelConfig& model)
{
    return static_cast<std::int64_t>(static_cast<double>(model.hiddenSize) * model.mlpRatio);
}

std::int64_t linear(std::int64_t in, std::int64_t out)
{
    return in * out + out;
}

std::int64_t parametersOfBlock(const ModelConfig& m)
{
    const auto width = m.hiddenSize, inner = innerWidth(m);
    const std::int64_t modulations = m.gate == Gate::AdalnZero ? 9 : 6;
    auto count = linear(width, 3 * width) + linear(width, width);                    // self attention
    count += linear(width, width) + linear(width, 2 * width) + linear(width, width); // cross attention
    count += linear(width, inner) + linear(inner, width) + linear(width, modulations * width);
    if (m.qkNorm)
        count += 4 * (width / m.numHeads);
    if (m.useDinoPatches && m.patchPrior == PatchPrior::Learned)
        count += m.numHeads;
    return count;
}

std::int64_t parametersOf(const ModelConfig& m)
{
    const auto width = m.hiddenSize, pixels = m.latentChannels * m.patchSize * m.patchSize;
    auto count = linear(pixels, width) + linear(m.frequencyDim, width) + linear(width, width); // patches, time
    count += linear(m.textDim, width) + linear(m.dinoDim, width) + m.textDim + m.dinoDim;      // and their nulls
    if (m.useDinoPatches)
        count += linear(m.dinoDim, width) + m.dinoDim;
    const std::int64_t heads = m.internalHead > 0 ? 2 : 1; // the final layer is one
    count += heads * (linear(width, 2 * width) + linear(width, pixels));
    return count + m.depth * parametersOfBlock(m);
}

/// Numbers in the matrices that Muon steps, of which it remembers one each instead of two.
std::int64_t elementsOfMuon(const TrainConfig& config)
{
    if (config.optimiser.name != "muon")
        return 0;
    const auto& m = config.model;
    const std::int64_t modulations = m.gate == Gate::AdalnZero ? 9 : 6;
    return m.depth * m.hiddenSize * ((4 + 4 + modulations) * m.hiddenSize + 2 * innerWidth(m));
}

/// The convolution of representation alignment.
std::int64_t parametersOfProjector(const TrainConfig& config)
{
    return config.repa.enabled() ? linear(9 * config.model.hiddenSize, config.model.dinoDim) : 0;
}

/// The sizes of one sample of a bucket.
struct Tokens {
    std::int64_t latent = 0, text = 0, patches = 0, teacher = 0, latentPixels = 0; ///< teacher: patches that there are.
    std::int64_t context() const { return text + 1 + patches; }
};

Tokens tokensOf(const ModelConfig& model, const TrainData& data, ImageSize bucket)
{
    const auto rows = bucket.height / data.latentPixel, cols = bucket.width / data.latentPixel;
    return {.latent = (rows / model.patchSize) * (cols / model.patchSize),
            .text = data.textTokens,
            .patches = model.useDinoPatches ? dinoGrid(bucket, data.dinoPatch).count() : 0,
            .teacher = dinoGrid(bucket, data.dinoPatch).count(),
            .latentPixels = rows * cols};
}

/// What a block keeps of one sample for its backward pass. Three branches keep the stream (wide) and its modulated
/// norm; self attention keeps the product that holds q, k and v, and its result; cross attention q and its result, and
/// of the context the product of k and v, besides turned keys a copy; the feed-forward its inner layer before and after
/// GELU.
std::int64_t keptByBlock(const ModelConfig& m, std::int64_t narrow, const Tokens& tokens)
{
    const auto stream = tokens.latent * m.hiddenSize, context = tokens.context() * m.hiddenSize;
    const bool turned = m.useDinoPatches && m.patchPosition == PatchPosition::Rope;
    auto bytes = stream * (3 * wide + 9 * narrow) + 2 * narrow * tokens.latent * innerWidth(m) +
                 (turned ? 3 : 2) * narrow * context + 2 * wide * m.numHeads * tokens.latent; // sums of attention
    if (m.gate == Gate::AdalnZero)
        bytes += 3 * stream * narrow; // each branch, which its gate multiplies
    if (m.qkNorm) { // queries and keys before their norm and after it, unless they are turned next; a factor a head
        bytes += narrow * (3 * stream + (turned ? 0 : context));
        bytes += wide * m.numHeads * (3 * tokens.latent + tokens.context());
    }
    return bytes;
}

/// What the backward pass of a block holds beside what is kept, at the feed-forward, which is wider than attention:
/// gradients of the inner layer and of the stream.
std::int64_t workOfBlock(const ModelConfig& m, std::int64_t narrow, const Tokens& tokens)
{
    return narrow * tokens.latent * innerWidth(m) + 2 * wide * tokens.latent * m.hiddenSize;
}

/// What a micro-batch holds at its dearest moment, and when its backward pass ends, with the bf16 copy of the weights.
struct Activations {
    std::int64_t most = 0, last = 0;
};

Activations activationsOf(const TrainConfig& config, const TrainData& data, const Tokens& tokens,
                          std::int64_t weightCopies)
{
    const auto& m = config.model;
    const auto narrow = narrowOf(config), samples = config.data.batchSize;
    const auto copies = narrow == wide ? 1 : 2; // a bf16 copy beside what it was made of
    const auto stream = tokens.latent * m.hiddenSize, context = tokens.context() * m.hiddenSize;
    // Conditions with nulls in the place of what is dropped, as the projections keep them; the batch itself.
    const auto conditions = tokens.text * data.textWidth + (tokens.patches + 1) * data.dinoWidth;
    const auto latents = 8 * tokens.latentPixels * data.latentChannels;
    auto kept = samples * (conditions * (wide + (copies - 1) * narrow) + conditions * wide + latents * wide +
                           context * narrow + stream * (wide + narrow)) +
                weightCopies;
    const auto block = samples * keptByBlock(m, narrow, tokens);
    if (m.internalHead > 0) // its modulated norm
        kept += samples * stream * narrow;
    if (config.repa.enabled()) // the map, what is projected and its square, the teacher; beside it a bf16 copy
        kept += samples * (stream * narrow + tokens.teacher * data.dinoWidth * (3 * wide + (copies - 1) * narrow));
    const auto work = samples * workOfBlock(m, narrow, tokens);
    if (!config.checkpointing)
        return {.most = kept + m.depth * block + work, .last = kept + block + work};
    const auto streams = m.depth * samples * stream * wide; // before every block
    return {.most = kept + streams + block + work, .last = kept + block + work};
}

/// Multiply-adds of a sample's forward pass.
double workOf(const TrainConfig& config, const TrainData& data, const Tokens& tokens)
{
    const auto& m = config.model;
    const auto width = static_cast<double>(m.hiddenSize), inner = static_cast<double>(innerWidth(m));
    const auto latent = static_cast<double>(tokens.latent), context = static_cast<double>(tokens.context());
    const auto block = latent * width * (6 * width + 2 * inner) + 2 * context * width * width + // products
                       2 * latent * latent * width + 2 * latent * context * width;              // attention
    return static_cast<double>(m.depth) * block + static_cast<double>(tokens.text * data.textWidth) * width +
           static_cast<double>(tokens.patches * data.dinoWidth) * width +
           static_cast<double>(parametersOfProjector(config)) * latent;
}

std::int64_t batchBytes(const TrainConfig& config, const TrainData& data, const Tokens& tokens)
{
    const auto sample = tokens.text * data.textWidth + (tokens.patches + 1) * data.dinoWidth +
                        tokens.latentPixels * data.latentChannels;
    return config.data.batchSize * sample * wide;
}

/// The widths that training takes from the data.
TrainConfig withWidthsOf(const TrainData& data, TrainConfig config)
{
    config.model.textDim = data.textWidth;
    config.model.dinoDim = data.dinoWidth;
    config.model.latentChannels = data.latentChannels;
    return config;
}

/// Those that a run holds when it ends, at most.
std::int64_t checkpointsKept(const TrainConfig& config)
{
    const auto& saving = config.saving;
    const auto steps = config.schedule.steps, every = config.validation.every;
    const auto validated = every > 0 ? steps / every : 0; // each saves one first
    const auto apart = every > 0 ? validated - steps / std::lcm(every, saving.every) : 0;
    const auto written = std::max<std::int64_t>(1, (steps + saving.every - 1) / saving.every) + apart;
    if (saving.keep <= 0)
        return written;
    const auto forEver = saving.keepEvery > 0 ? steps / std::lcm(saving.every, saving.keepEvery) : 0;
    return std::min(written, saving.keep + forEver + (saving.keepValidated ? validated : 0));
}

void set(FittingChange& change, const std::string& key, const std::string& value)
{
    change.settings.emplace_back(key, value);
    setField(key + "=" + value, [&change](FieldVisitor& v) { change.config.visit(v); });
}

} // namespace

std::int64_t TrainMemory::total() const
{
    return weights + gradients + moments + average + activations + batches + previews + checkpoint;
}

std::int64_t TrainMemory::ofProcesses(std::int64_t processes) const
{
    return processes > 1 ? processes * (total() + weights) - (processes - 1) * checkpoint : total();
}

const BucketForecast& TrainForecast::dearest() const
{
    return *std::ranges::max_element(buckets, {}, &BucketForecast::activations);
}

TrainForecast forecastTraining(const TrainConfig& asked, const TrainData& data, MemoryOf where, std::int64_t processes)
{
    throwIfAny(asked.validate(), "the training configuration");
    if (data.buckets.empty())
        throw DataError("the shard set \"" + asked.data.shards + "\" holds no samples",
                        remedy::PackShards{.replace = true});
    const auto config = withWidthsOf(data, asked);
    TrainForecast forecast;
    forecast.parameters = parametersOf(config.model);
    auto& memory = forecast.memory;
    const auto trained = forecast.parameters + parametersOfProjector(config);
    const auto stored = wide * trained;
    const auto rounded = config.precision == Precision::Bf16 ? narrowOf(config) * trained : 0;
    memory.weights = stored;
    memory.moments = 2 * stored - wide * elementsOfMuon(config);
    memory.average = config.ema.enabled ? wide * forecast.parameters : 0;
    std::int64_t microBatches = 0, last = 0;
    for (const auto& bucket : data.buckets) {
        const auto tokens = tokensOf(config.model, data, bucket.size);
        const auto activations = activationsOf(config, data, tokens, rounded);
        forecast.buckets.push_back({.bucket = bucket.size,
                                    .samples = bucket.samples,
                                    .latentTokens = tokens.latent,
                                    .contextTokens = tokens.context(),
                                    .activations = activations.most,
                                    .work = workOf(config, data, tokens)});
        const auto& made = forecast.buckets.back();
        memory.activations = std::max(memory.activations, activations.most);
        last = std::max(last, activations.last);
        // Memory that batches have left for the next ones is within that (core/dataset/batch_memory.h).
        memory.batches = std::max(memory.batches, config.data.prefetch * batchBytes(config, data, tokens));
        forecast.samplesPerEpoch += bucket.samples;
        forecast.meanWork += made.work * static_cast<double>(bucket.samples);
        microBatches += (bucket.samples + config.data.batchSize - 1) / config.data.batchSize;
    }
    if (forecast.samplesPerEpoch > 0)
        forecast.meanWork /= static_cast<double>(forecast.samplesPerEpoch);
    const auto accumulation = config.optimiser.accumulation;
    // In the first micro-batch of a step gradients come while activations go; in the others they are there already.
    memory.gradients = accumulation > 1 ? stored : std::max<std::int64_t>(0, stored + last - memory.activations);
    const auto ofStep = accumulation * processes; // micro-batches
    forecast.stepsPerEpoch = (microBatches + ofStep - 1) / ofStep;
    if (microBatches > 0)
        forecast.epochs = static_cast<double>(config.schedule.steps * ofStep) / static_cast<double>(microBatches);
    if (config.previews.every > 0 && data.pictureBytes > 0)
        memory.previews = std::max<std::int64_t>(0, 2 * stored + 2 * rounded + data.pictureBytes - memory.activations -
                                                        memory.gradients); // the gradients are there, and two copies
    forecast.checkpointBytes = stored + memory.moments + memory.average;
    memory.checkpoint = where == MemoryOf::Machine ? forecast.checkpointBytes : 0;
    forecast.keptCheckpointBytes = forecast.checkpointBytes * checkpointsKept(config);
    forecast.diskBytes = forecast.keptCheckpointBytes + forecast.checkpointBytes;
    forecast.stepFlops =
        (config.checkpointing ? 4 : 3) * 2 * forecast.meanWork * static_cast<double>(config.data.batchSize * ofStep);
    return forecast;
}

std::vector<FittingChange> fittingChanges(const TrainConfig& config, const TrainData& data, std::int64_t memory,
                                          MemoryOf where, std::int64_t processes, std::optional<Precision> chosen)
{
    const auto needs = [&data, where, processes](const TrainConfig& tried) {
        return forecastTraining(tried, data, where).memory.ofProcesses(processes);
    };
    if (needs(config) <= memory)
        return {};
    std::vector<FittingChange> found;
    const auto fits = [&](FittingChange change) {
        change.memory = needs(change.config);
        if (change.memory > memory)
            return false;
        found.push_back(std::move(change));
        return true;
    };
    /// The largest micro-batch that fits, as many samples a step as before.
    const auto smallerBatch = [&](const FittingChange& from) {
        constexpr std::int64_t mostAccumulation = 65536; // that the configuration takes
        const auto batch = config.data.batchSize, accumulation = config.optimiser.accumulation;
        for (std::int64_t parts = 2; parts <= batch && accumulation * parts <= mostAccumulation; ++parts) {
            if (batch % parts != 0)
                continue;
            auto change = from;
            set(change, "data.batch_size", std::to_string(batch / parts));
            set(change, "optimiser.accumulation", std::to_string(accumulation * parts));
            if (fits(std::move(change)))
                return true;
        }
        return false;
    };
    const FittingChange none{.settings = {}, .config = config, .memory = 0};
    auto recomputing = none, narrow = none;
    bool one = smallerBatch(none);
    if (!config.checkpointing) {
        set(recomputing, "checkpointing", "true");
        one = fits(recomputing) || one;
    }
    const bool canBeNarrower = config.precision == Precision::Float32 && !chosen;
    if (canBeNarrower) {
        set(narrow, "precision", "bf16");
        one = fits(narrow) || one;
    }
    if (one)
        return found;
    auto both = recomputing;
    if (canBeNarrower)
        set(both, "precision", "bf16");
    if (smallerBatch(recomputing) || fits(both) || smallerBatch(both))
        return found;
    if (config.data.prefetch > 1) {
        set(both, "data.prefetch", "1");
        if (!fits(both))
            smallerBatch(both);
    }
    return found;
}

} // namespace nanodit
