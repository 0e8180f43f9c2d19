#include "core/train/draws.h"

#include "core/runtime/device_copy.h"
#include "core/runtime/split_mix.h"
#include "core/train/patch_dropout.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace nanodit {

std::uint64_t seedFor(const DrawKey& key, DrawStream stream)
{
    std::uint64_t state = 0;
    // Behind them stood a rank, always 0: without it, a run would not draw what it did before.
    for (const auto part : {key.seed, key.step, key.microBatch, std::int64_t{0}})
        state = SplitMix64(state ^ static_cast<std::uint64_t>(part)).next();
    if (stream != DrawStream::Samples)
        state = SplitMix64(state ^ static_cast<std::uint64_t>(stream)).next();
    return state;
}

at::Generator generatorFor(const DrawKey& key, DrawStream stream)
{
    return at::make_generator<at::CPUGeneratorImpl>(seedFor(key, stream));
}

Drops Draws::asDrops() const
{
    Drops result;
    for (const auto drop : drops) {
        result.text.push_back(drop == Drop::Text || drop == Drop::Both);
        result.dino.push_back(drop == Drop::Dino || drop == Drop::Both);
    }
    return result;
}

Draws Draws::to(const Compute& compute) const
{
    return {
        .drops = drops, .t = sentTo(t, compute.device), .noise = sentTo(noise, compute.device), .patchMask = patchMask};
}

Draws drawMicroBatch(const DrawKey& key, const ConditionConfig& conditions, const FlowConfig& flow,
                     at::IntArrayRef latentShape, GridSize patchGrid)
{
    auto generator = generatorFor(key);
    Draws draws;
    draws.drops = drawDrops(conditions, latentShape[0], generator);
    auto shifted = flow;
    shifted.shift = shiftFor(flow, latentShape);
    draws.t = drawTimes(shifted, latentShape[0], generator);
    draws.noise = at::randn(latentShape, generator, at::TensorOptions(at::kFloat));
    if (conditions.patchDropout > 0 && patchGrid.count() > 1) {
        auto own = generatorFor(key, DrawStream::Patches);
        draws.patchMask = drawPatchMask(conditions.patchDropout, draws.asDrops().dino, patchGrid, own);
    }
    return draws;
}

double shiftFor(const FlowConfig& flow, at::IntArrayRef latentShape)
{
    if (!flow.shiftByBucket)
        return flow.shift;
    constexpr double plainSize = 4096; // numbers in a latent for which the configured shift is meant
    double numbers = 1;
    for (std::size_t i = latentShape.size() - 3; i < latentShape.size(); ++i)
        numbers *= static_cast<double>(latentShape[i]);
    return flow.shift * std::sqrt(numbers / plainSize);
}

at::Tensor drawTimes(const FlowConfig& flow, std::int64_t count, at::Generator& generator)
{
    const at::TensorOptions options(at::kFloat);
    const auto t = flow.timestepSampling == TimestepSampling::Uniform
                       ? at::rand({count}, generator, options)
                       : at::sigmoid(at::randn({count}, generator, options) * flow.logitStd + flow.logitMean);
    return flow.shift * t / (1 + (flow.shift - 1) * t);
}

std::vector<Drop> drawDrops(const ConditionConfig& conditions, std::int64_t count, at::Generator& generator)
{
    const auto u = at::rand({count}, generator, at::TensorOptions(at::kDouble));
    std::vector<Drop> drops;
    for (std::int64_t i = 0; i < count; ++i) {
        double x = u[i].item<double>();
        const auto within = [&x](double share) {
            x -= share;
            return x < 0;
        };
        drops.push_back(within(conditions.dropBoth)   ? Drop::Both
                        : within(conditions.dropDino) ? Drop::Dino
                        : within(conditions.dropText) ? Drop::Text
                                                      : Drop::None);
    }
    return drops;
}

} // namespace nanodit
