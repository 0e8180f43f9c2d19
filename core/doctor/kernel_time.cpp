#include "core/doctor/kernel_time.h"

#include "core/config/yaml.h"
#include "core/doctor/peak_memory.h"
#include "core/encoders/dino.h"
#include "core/encoders/t5.h"
#include "core/model/attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>

namespace nanodit {

namespace {

using Seconds = std::chrono::duration<double>;

class Stopwatch {
public:
    Stopwatch(const Compute& compute, std::int64_t repetitions, ProgressMeter& meter, const JobContext& context)
        : compute_(compute)
        , repetitions_(repetitions)
        , meter_(meter)
        , context_(context)
    {
    }

    bool stopped() const { return context_.shouldStop(); }

    /// Times `run` after one that is not timed; `run` gives a tensor that waits for the device.
    template<typename Run>
    KernelTime time(const std::string& what, const std::string& shape, double operations, Run&& run)
    {
        KernelTime measured{.what = what, .shape = shape, .operations = operations, .seconds = {}};
        for (std::int64_t i = 0; i <= repetitions_ && !stopped(); ++i) {
            const auto start = std::chrono::steady_clock::now();
            const at::Tensor result = run();
            if (!compute_.device.is_cpu())
                result.flatten()[0].to(at::kFloat).item<float>();
            if (i > 0)
                measured.seconds.push_back(Seconds(std::chrono::steady_clock::now() - start).count());
            meter_.advance();
        }
        return measured;
    }

private:
    const Compute& compute_;
    std::int64_t repetitions_;
    ProgressMeter& meter_;
    const JobContext& context_;
};

at::ScalarType typeOf(const Compute& compute)
{
    return compute.precision == Precision::Bf16 ? at::kBFloat16 : at::kFloat;
}

std::string joined(std::initializer_list<std::int64_t> sizes)
{
    std::string text;
    for (const auto size : sizes)
        text += (text.empty() ? "" : " x ") + std::to_string(size);
    return text;
}

KernelTime timeProduct(Stopwatch& watch, const Compute& compute)
{
    constexpr std::int64_t side = 2048;
    const auto options = at::TensorOptions(typeOf(compute)).device(compute.device);
    const auto a = at::randn({side, side}, options), b = at::randn({side, side}, options);
    return watch.time("product of matrices", joined({side, side, side}), 2.0 * side * side * side,
                      [&] { return at::mm(a, b); });
}

/// Forward, and forward with backward: 4 and 14 operations for each query, key and channel, as the backward pass makes
/// the logits again.
void timeAttention(Stopwatch& watch, const Compute& compute, const ModelConfig& model, std::int64_t batch,
                   std::int64_t queries, std::int64_t keys, const std::string& name, std::vector<KernelTime>& to)
{
    const auto heads = model.numHeads, width = model.hiddenSize / model.numHeads;
    const auto options = at::TensorOptions(typeOf(compute)).device(compute.device);
    const auto tokens = [&](std::int64_t count) {
        return at::randn({batch, count, heads, width}, options).transpose(1, 2);
    };
    const auto q = tokens(queries), k = tokens(keys), v = tokens(keys), gradient = tokens(queries);
    const auto shape = joined({batch, heads, queries, keys, width});
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

KernelTime timeDino(Stopwatch& watch, const Compute& compute, ImageSize picture, std::int64_t patch)
{
    const DinoConfig config{
        .patchSize = patch, .width = 1024, .layers = 24, .heads = 16, .mlpWidth = 4096, .registers = 4};
    const DinoEncoder encoder(config, DinoEncoder::initialWeights(config, 0), EncoderOptions::of(compute));
    const auto pixels = at::randn({1, config.channels, picture.height, picture.width});
    const auto tokens = static_cast<double>(1 + config.registers + encoder.gridOf(picture).count());
    const auto width = static_cast<double>(config.width), inner = static_cast<double>(config.mlpWidth);
    const double layer = tokens * (8 * width * width + 4 * width * inner) + 4 * tokens * tokens * width;
    return watch.time("DINOv3 ViT-L", joined({picture.width, picture.height}) + " pixels",
                      static_cast<double>(config.layers) * layer, [&] { return encoder.encode(pixels).patches; });
}

KernelTime timeT5(Stopwatch& watch, const Compute& compute, std::int64_t tokens)
{
    const T5Config config{.vocabulary = 1000, .width = 4096, .mlpWidth = 10240, .layers = 2, .heads = 64};
    const T5Encoder encoder(config, T5Encoder::initialWeights(config, 0), {}, EncoderOptions::of(compute));
    const auto ids = at::randint(config.vocabulary, {1, tokens}, at::kLong);
    const auto t = static_cast<double>(tokens), width = static_cast<double>(config.width);
    const double layer = t * (8 * width * width + 6 * width * static_cast<double>(config.mlpWidth)) + 4 * t * t * width;
    return watch.time("two layers of T5 XXL", std::to_string(tokens) + " tokens",
                      static_cast<double>(config.layers) * layer, [&] { return encoder.encode(ids, {}); });
}

JobEnd timeKernels(const KernelTimeRequest& request, const JobContext& context)
{
    const auto& shape = request.shape;
    const auto& config = shape.config;
    throwIfAny(config.model.validate(), "the model");
    const auto compute = makeCompute(shape.device, config.arithmetic());
    const at::NoGradGuard noGradient;
    const bool attention = request.kind == KernelKind::Attention;
    ProgressMeter meter(context, Stage::Training, (shape.steps + 1) * (attention ? 5 : 2), Unit::Steps);
    Stopwatch watch(compute, shape.steps, meter, context);

    KernelTimes result;
    result.where = compute.text();
    result.onGpu = !compute.device.is_cpu();
    result.product = timeProduct(watch, compute);
    forgetPeakMemory();
    if (attention) {
        const auto side = shape.latentPixel * config.model.patchSize;
        const auto queries = (shape.picture.width / side) * (shape.picture.height / side);
        const auto patches = config.model.useDinoPatches ? dinoGrid(shape.picture, shape.dinoPatch).count() : 0;
        const auto batch = config.data.batchSize;
        timeAttention(watch, compute, config.model, batch, queries, queries, "self attention", result.kernels);
        timeAttention(watch, compute, config.model, batch, queries, shape.textTokens + 1 + patches, "cross attention",
                      result.kernels);
    } else if (request.kind == KernelKind::Dino) {
        result.kernels.push_back(timeDino(watch, compute, shape.picture, shape.dinoPatch));
    } else {
        result.kernels.push_back(timeT5(watch, compute, shape.textTokens));
    }
    if (watch.stopped())
        return JobEnd::Cancelled;
    result.memory = peakMemoryOf(compute);
    request.finished(result);
    return JobEnd::Finished;
}

} // namespace

double KernelTime::best() const
{
    return seconds.empty() ? 0 : *std::min_element(seconds.begin(), seconds.end());
}

std::unique_ptr<Job> makeKernelTimeJob(KernelTimeRequest request)
{
    return makeJob([request = std::move(request)](const JobContext& context) { return timeKernels(request, context); });
}

} // namespace nanodit
