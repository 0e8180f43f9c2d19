#include "core/encoders/autoencoder_kl.h"
#include "core/golden/compare.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/grad_mode.h>

#include <algorithm>

namespace nanodit {

namespace {

constexpr double absoluteTolerance = 5e-5;
/// kl sums thousands of terms in float32: its tolerance grows with its size.
constexpr double klRelativeTolerance = 1e-6;

void addDistribution(TensorMap& ours, const std::string& prefix, const LatentDistribution& distribution,
                     const at::Tensor& noise)
{
    ours[prefix + "moments"] = distribution.moments;
    ours[prefix + "mean"] = distribution.mean;
    ours[prefix + "logvar"] = distribution.logvar;
    ours[prefix + "std"] = distribution.std();
    ours[prefix + "var"] = distribution.var();
    ours[prefix + "kl"] = distribution.kl();
    ours[prefix + "sample"] = distribution.sample(noise);
}

std::vector<GoldenLine> runAutoencoder(const std::filesystem::path& folder, const Compute& compute)
{
    const at::NoGradGuard noGrad;
    const auto autoencoder = AutoencoderKl::load(folder, EncoderOptions::of(compute));
    const CaseTensors inputs(folder / "inputs.safetensors", compute.device);
    const auto expected = readTensors(folder / "outputs.safetensors");
    TensorMap ours;
    const auto tap = [&ours](const std::string& module, const at::Tensor& value) { ours["tap." + module] = value; };

    if (inputs.has("image")) {
        const auto distribution = autoencoder.encode(inputs.at("image"), tap);
        addDistribution(ours, "", distribution, inputs.at("noise"));
        ours["model_latent"] = autoencoder.modelLatent(ours["sample"]);
        ours["decoded_from_sample"] = autoencoder.decode(autoencoder.latentFromModel(ours["model_latent"]));
    }
    if (inputs.has("latent"))
        ours["decoded"] = autoencoder.decode(inputs.at("latent"), tap);
    if (inputs.has("edge_moments"))
        addDistribution(ours, "edge.", LatentDistribution::fromMoments(inputs.at("edge_moments")),
                        inputs.at("edge_noise"));

    const auto tolerance = [&expected](const std::string& name) {
        const double largest = expected.at(name).abs().max().item().toDouble();
        // Exponentials of logvar reach exp(20): there only the relative error means something.
        const bool scaled = name.ends_with("kl") || name.starts_with("edge.");
        return std::max(absoluteTolerance, scaled ? klRelativeTolerance * largest : 0.0);
    };
    return compareAll(ours, expected, tolerance, compute);
}

} // namespace

std::map<std::string, GoldenRunner> autoencoderGoldenRunners()
{
    return {{"autoencoder_kl", runAutoencoder}};
}

} // namespace nanodit
