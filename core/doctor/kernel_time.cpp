#include "core/doctor/kernel_time.h"

#include "core/doctor/kernel_stopwatch.h"
#include "core/doctor/peak_memory.h"
#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/t5.h"
#include "core/model/attention.h"
#include "core/runtime/machine.h"
#include "core/sample/guidance.h"

#include <ATen/ATen.h>

namespace nanodit {

namespace {

/// Forward, and forward with backward: 4 and 14 operations for each query, key and channel, as the backward pass makes
/// the logits again.
void timeAttention(KernelStopwatch& watch, const Compute& compute, const ModelConfig& model, std::int64_t batch,
                   std::int64_t queries, std::int64_t keys, const std::string& name, std::vector<KernelTime>& to)
{
    const auto heads = model.numHeads, width = model.hiddenSize / model.numHeads;
    const auto options = at::TensorOptions(productType(compute)).device(compute.device);
    const auto tokens = [&](std::int64_t count) {
        return at::randn({batch, count, heads, width}, options).transpose(1, 2);
    };
    const auto q = tokens(queries), k = tokens(keys), v = tokens(keys), gradient = tokens(queries);
    const auto shape = joinedSizes({batch, heads, queries, keys, width});
    const double products = static_cast<double>(batch * heads * queries) * static_cast<double>(keys * width);
    to.push_back(watch.time(name + ", forward", shape, 4 * products, [&] { return attend(q, k, v); }));
    to.push_back(watch.time(name + ", forward and backward", shape, 14 * products, [&] {
        const auto leaf = [](const at::Tensor& x) { return x.detach().set_requires_grad(true); };
        const auto a = leaf(q), b = leaf(k), c = leaf(v);
        const at::AutoGradMode withGradient(true);
        attend(a, b, c).backward(gradient);
        return b.grad();
    }));
}

KernelTime timeDino(KernelStopwatch& watch, const Compute& compute, std::int64_t batch, ImageSize picture,
                    std::int64_t patch)
{
    const DinoConfig config{
        .patchSize = patch, .width = 1024, .layers = 24, .heads = 16, .mlpWidth = 4096, .registers = 4};
    const DinoEncoder encoder(config, DinoEncoder::initialWeights(config, 0), EncoderOptions::of(compute));
    const auto pixels = at::randn({batch, config.channels, picture.height, picture.width});
    const auto tokens = static_cast<double>(1 + config.registers + encoder.gridOf(picture).count());
    const auto width = static_cast<double>(config.width), inner = static_cast<double>(config.mlpWidth);
    const double layer = tokens * (8 * width * width + 4 * width * inner) + 4 * tokens * tokens * width;
    return watch.time("DINOv3 ViT-L", joinedSizes({batch, picture.width, picture.height}) + " pixels",
                      static_cast<double>(batch * config.layers) * layer,
                      [&] { return encoder.encode(pixels).patches; });
}

KernelTime timeT5(KernelStopwatch& watch, const Compute& compute, std::int64_t batch, std::int64_t tokens)
{
    const T5Config config{.vocabulary = 1000, .width = 4096, .mlpWidth = 10240, .layers = 2, .heads = 64};
    const T5Encoder encoder(config, T5Encoder::initialWeights(config, 0), {}, EncoderOptions::of(compute));
    const auto ids = at::randint(config.vocabulary, {batch, tokens}, at::kLong);
    const auto t = static_cast<double>(tokens), width = static_cast<double>(config.width);
    const double layer = t * (8 * width * width + 6 * width * static_cast<double>(config.mlpWidth)) + 4 * t * t * width;
    return watch.time("two layers of T5 XXL", joinedSizes({batch, tokens}) + " tokens",
                      static_cast<double>(batch * config.layers) * layer, [&] { return encoder.encode(ids, {}); });
}

/// Floating-point operations of a branch's velocity, whose keys and values are kept.
double operationsOf(const ModelConfig& model, double latentTokens, double contextTokens)
{
    const auto width = static_cast<double>(model.hiddenSize), inner = width * model.mlpRatio;
    const double products = latentTokens * width * (6 * width + 2 * inner);
    const double attention = 2 * latentTokens * (latentTokens + contextTokens) * width;
    return 2 * static_cast<double>(model.depth) * (products + attention);
}

/// A guided velocity once contexts, keys and values are there. Chained guidance evaluates the branches of no condition,
/// of DINO and of both; without DINO those of no condition and of text.
void timeSampling(KernelStopwatch& watch, const Compute& compute, const StepTimeRequest& shape,
                  std::vector<KernelTime>& to)
{
    const auto& config = shape.config;
    const NanoDiT model(config.model, 0, compute.device);
    const auto patchGrid = dinoGrid(shape.picture, shape.dinoPatch);
    const auto rows = shape.picture.height / shape.latentPixel, cols = shape.picture.width / shape.latentPixel;
    const auto grid = model.tokenGrid(rows, cols);
    const auto batch = config.data.batchSize;
    Conditions conditions{.cls = at::randn({batch, config.model.dinoDim}),
                          .patches = at::randn({batch, patchGrid.count(), config.model.dinoDim}),
                          .patchGrid = patchGrid,
                          .text = at::randn({batch, shape.textTokens, config.model.textDim}),
                          .textMask = {},
                          .textTokens = shape.textTokens};
    const auto x = at::randn({batch, config.model.latentChannels, rows, cols}).to(compute.device);
    const auto latent = static_cast<double>(grid.count()), text = static_cast<double>(shape.textTokens);
    const double patches = config.model.useDinoPatches ? static_cast<double>(patchGrid.count()) : 0;
    const double nullPatches = config.model.useDinoPatches ? 1 : 0;
    struct Case {
        std::string name;
        GivenConditions given;
        std::vector<double> contexts; ///< Tokens of each branch.
    };
    const double none = 1 + 1 + nullPatches, both = text + 1 + patches;
    for (const auto& [name, given, contexts] :
         {Case{"guidance by text and DINO", {}, {none, 1 + 1 + patches, both}},
          Case{"guidance by text", {.text = true, .dino = false}, {none, text + 1 + nullPatches}},
          Case{"no guidance", {.text = false, .dino = false}, {none}}}) {
        GuidedVelocity velocity(model, conditions.to(compute), given, grid, {.mode = GuidanceMode::Chained}, compute);
        double operations = 0;
        for (const double context : contexts)
            operations += static_cast<double>(batch) * operationsOf(config.model, latent, context);
        const auto branches = static_cast<std::int64_t>(contexts.size());
        to.push_back(watch.time("sampling step, " + name, joinedSizes({batch, branches}) + " branches", operations,
                                [&] { return velocity(x, 0.5F); }));
    }
}

/// Of the convolutions and the attention in the middle, by the layout that AutoencoderKl describes: residual blocks of
/// two 3 x 3 convolutions, with a 1 x 1 one where the width changes, `layersPerBlock` of them at each resolution and
/// one more when decoding; one convolution between resolutions; two blocks around attention in the middle.
double autoencoderOperations(const AutoencoderConfig& config, ImageSize picture, bool decoding)
{
    const auto pixelsOf = [&](std::size_t level) { // pixels of a resolution
        return static_cast<double>(picture.width >> level) * static_cast<double>(picture.height >> level);
    };
    const auto block = [](double pixels, double in, double out) {
        return pixels * (9 * in * out + 9 * out * out + (in == out ? 0 : in * out));
    };
    const auto& widths = config.blockOutChannels;
    const auto levels = widths.size();
    const auto width = [&](std::size_t level) { return static_cast<double>(widths[level]); };
    const auto latent = static_cast<double>(config.latentChannels);
    const double bottom = pixelsOf(levels - 1), widest = width(levels - 1);
    double sum = 2 * block(bottom, widest, widest) + bottom * (4 * widest * widest + 2 * bottom * widest);
    if (decoding) {
        sum += bottom * 9 * latent * widest + pixelsOf(0) * 9 * width(0) * static_cast<double>(config.outChannels);
        double in = widest;
        for (auto level = levels; level-- > 0; in = width(level)) {
            sum += block(pixelsOf(level), in, width(level)) +
                   static_cast<double>(config.layersPerBlock) * block(pixelsOf(level), width(level), width(level));
            if (level > 0)
                sum += pixelsOf(level - 1) * 9 * width(level) * width(level);
        }
        return 2 * sum;
    }
    sum += pixelsOf(0) * 9 * static_cast<double>(config.inChannels) * width(0) + bottom * 9 * widest * 2 * latent;
    double in = width(0);
    for (std::size_t level = 0; level < levels; in = width(level), ++level) {
        sum += block(pixelsOf(level), in, width(level)) +
               static_cast<double>(config.layersPerBlock - 1) * block(pixelsOf(level), width(level), width(level));
        if (level + 1 < levels)
            sum += pixelsOf(level + 1) * 9 * width(level) * width(level);
    }
    return 2 * sum;
}

void timeVae(KernelStopwatch& watch, const Compute& compute, std::int64_t batch, ImageSize picture,
             std::vector<KernelTime>& to)
{
    const AutoencoderConfig config{.latentChannels = 16};
    auto options = EncoderOptions::of(compute);
    options.convolutions = options.products;
    const AutoencoderKl autoencoder(config, initialAutoencoderWeights(config, 0), "the autoencoder", options);
    const auto pixels = at::randn({batch, 3, picture.height, picture.width}).to(compute.device);
    const auto latent =
        at::randn({batch, 16, picture.height / config.factor(), picture.width / config.factor()}).to(compute.device);
    const auto shape = joinedSizes({batch, picture.width, picture.height}) + " pixels";
    const auto pictures = static_cast<double>(batch);
    to.push_back(watch.time("autoencoder of FLUX's shape, encoding", shape,
                            pictures * autoencoderOperations(config, picture, false),
                            [&] { return autoencoder.encode(pixels).mean; }));
    to.push_back(watch.time("autoencoder of FLUX's shape, decoding", shape,
                            pictures * autoencoderOperations(config, picture, true),
                            [&] { return autoencoder.decode(latent); }));
}

/// Throws UsageError for a picture that cannot be cut as the timed part of the work does.
void requireWhole(KernelKind kind, const StepTimeRequest& shape)
{
    if (kind == KernelKind::Attention || kind == KernelKind::Sample)
        requireMultiplesOf(shape.tokenPixels(), shape.picture);
    else if (kind == KernelKind::Dino)
        requireMultiplesOf(shape.dinoPatch, shape.picture);
    else if (kind == KernelKind::Vae)
        requireMultiplesOf(AutoencoderConfig{}.factor(), shape.picture);
}

JobEnd timeKernels(const KernelTimeRequest& request, const JobContext& context)
{
    const auto shape = asTimed(request.shape);
    requireWhole(request.kind, shape);
    const auto& config = shape.config;
    const auto batch = config.data.batchSize;
    const auto compute = makeCompute(shape.device, config.arithmetic());
    const at::NoGradGuard noGradient;
    const auto timed = [&] { // with the product
        switch (request.kind) {
        case KernelKind::Attention:
            return 5;
        case KernelKind::Sample:
            return 4;
        case KernelKind::Vae:
            return 3;
        default:
            return 2;
        }
    }();
    ProgressMeter meter(context, Stage::Timing, (shape.steps + 1) * timed, Unit::Steps);
    KernelStopwatch watch(compute, shape.steps, meter, context);

    KernelTimes result;
    result.where = compute.text();
    result.onGpu = !compute.device.is_cpu();
    result.product = watch.timeProduct();
    forgetPeakMemory();
    switch (request.kind) {
    case KernelKind::Attention: {
        const auto side = shape.tokenPixels();
        const auto queries = (shape.picture.width / side) * (shape.picture.height / side);
        const auto patches = config.model.useDinoPatches ? dinoGrid(shape.picture, shape.dinoPatch).count() : 0;
        timeAttention(watch, compute, config.model, batch, queries, queries, "self attention", result.kernels);
        timeAttention(watch, compute, config.model, batch, queries, shape.textTokens + 1 + patches, "cross attention",
                      result.kernels);
        break;
    }
    case KernelKind::Dino:
        result.kernels.push_back(timeDino(watch, compute, batch, shape.picture, shape.dinoPatch));
        break;
    case KernelKind::T5:
        result.kernels.push_back(timeT5(watch, compute, batch, shape.textTokens));
        break;
    case KernelKind::Sample:
        timeSampling(watch, compute, shape, result.kernels);
        break;
    case KernelKind::Vae:
        timeVae(watch, compute, batch, shape.picture, result.kernels);
        break;
    }
    if (watch.stopped())
        return JobEnd::Cancelled;
    result.memory = peakMemoryOf(compute);
    request.finished(result);
    return JobEnd::Finished;
}

} // namespace

std::unique_ptr<Job> makeKernelTimeJob(KernelTimeRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return timeKernels(request, context); });
}

} // namespace nanodit
