#include "core/demo/train_encoders.h"
#include "core/demo/train_loop.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace nanodit {

namespace {

/// Mean and deviation of all latent elements over some scenes.
std::pair<double, double> latentStatistics(const AutoencoderKl& autoencoder, const SceneSet& scenes, std::int64_t count)
{
    const at::NoGradGuard noGrad;
    double sum = 0, squares = 0, elements = 0;
    for (std::int64_t i = 0; i < std::min(count, scenes.size()); ++i) {
        const auto mean = autoencoder.encode(scenes.picture(i)).mean.to(at::kDouble);
        sum += mean.sum().item<double>();
        squares += mean.square().sum().item<double>();
        elements += static_cast<double>(mean.numel());
    }
    const double mean = sum / elements;
    return {mean, std::sqrt(squares / elements - mean * mean)};
}

/// Tells now and then how well pictures come back, smoothed over a hundred steps.
class ReconstructionLog {
public:
    explicit ReconstructionLog(const JobContext& context)
        : context_(context)
    {
    }
    void add(std::int64_t step, double meanSquare, double kl)
    {
        smoothed_ = smoothed_ == 0 ? meanSquare : 0.99 * smoothed_ + 0.01 * meanSquare;
        if ((step + 1) % 250 != 0)
            return;
        char line[120];
        std::snprintf(line, sizeof line, "autoencoder step %lld: %.2f dB on training pictures, KL %.2f per element",
                      static_cast<long long>(step + 1), -10 * std::log10(smoothed_ / 4), kl);
        context_.info(line);
    }

private:
    const JobContext& context_;
    double smoothed_ = 0;
};

} // namespace

AutoencoderConfig demoAutoencoderConfig()
{
    AutoencoderConfig config;
    config.blockOutChannels = {16, 32, 64, 96};
    config.layersPerBlock = 1;
    config.latentChannels = 16;
    config.normNumGroups = 8;
    config.scalingFactor = 1;
    return config;
}

std::optional<AutoencoderKl> trainAutoencoder(const AutoencoderRecipe& recipe, const SceneSet& scenes,
                                              const std::filesystem::path& partial, const JobContext& context)
{
    auto config = demoAutoencoderConfig();
    const auto parameters = trainableParameters(initialAutoencoderWeights(config, recipe.seed));
    TensorMap weights;
    for (const auto& parameter : parameters)
        weights.emplace(parameter.name, parameter.value);
    const AutoencoderKl autoencoder(config, weights, "the new autoencoder");

    ReconstructionLog log(context);
    const auto lossOf = [&](std::int64_t step, StepRandom& random) {
        const auto pictures = step < recipe.cropSteps
                                  ? scenes.randomCrops(random.numbers, recipe.cropBatch, recipe.cropSide)
                                  : scenes.pictures(scenes.randomOfOneBucket(random.numbers, recipe.pictureBatch));
        const auto latent = autoencoder.encode(pictures);
        const auto noise = at::randn(latent.mean.sizes(), random.noise, latent.mean.options());
        const auto error = autoencoder.decode(latent.sample(noise)) - pictures;
        const auto square = error.square().mean();
        const auto kl = latent.kl().sum() / static_cast<double>(latent.mean.numel());
        log.add(step, square.item<double>(), kl.item<double>());
        return error.abs().mean() + recipe.squaredWeight * square + recipe.klWeight * kl;
    };
    const TrainLoopPlan plan{.what = "autoencoder",
                             .pass = Pass::Vae,
                             .seed = recipe.seed,
                             .steps = recipe.cropSteps + recipe.pictureSteps,
                             .lr = recipe.lr,
                             .warmupSteps = recipe.warmupSteps,
                             .partial = partial};
    if (!runTrainLoop(plan, parameters, lossOf, context))
        return std::nullopt;

    const auto [mean, deviation] = latentStatistics(autoencoder, scenes, 200);
    config.shiftFactor = mean;
    config.scalingFactor = 1 / deviation;
    return AutoencoderKl(config, stateOf(parameters));
}

} // namespace nanodit
