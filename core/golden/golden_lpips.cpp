#include "core/golden/compare.h"
#include "core/io/atomic_file.h"
#include "core/io/torch_file.h"
#include "core/validate/lpips.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit {

namespace {

constexpr double distanceTolerance = 1e-6;
/// Activations reach some tens: their sums of thousands of terms differ in the last digits.
constexpr double featureRelativeTolerance = 2e-5;

/// backbone.json defines weights by a hash of their place: x = seed + i mixed by two multiplications, spread over
/// [-amplitude, amplitude].
at::Tensor weightByFormula(const nlohmann::json& entry)
{
    const auto shape = entry.at("shape").get<std::vector<std::int64_t>>();
    const auto seed = static_cast<std::uint32_t>(entry.at("seed").get<std::uint64_t>());
    const double amplitude = entry.at("amplitude");
    auto tensor = at::empty(shape, at::kFloat);
    auto* const values = tensor.data_ptr<float>();
    for (std::int64_t i = 0; i < tensor.numel(); ++i) {
        auto x = static_cast<std::uint32_t>(i) + seed;
        x ^= x >> 16U;
        x *= 0x7FEB352DU;
        x ^= x >> 15U;
        x *= 0x846CA68BU;
        x ^= x >> 16U;
        values[i] = static_cast<float>((2 * (x / 4294967296.0) - 1) * amplitude);
    }
    return tensor;
}

TensorMap readBackbone(const std::filesystem::path& folder)
{
    const auto description = nlohmann::json::parse(readTextFile(folder / "backbone.json"));
    if (description.contains("file") && description["file"].is_string())
        return readTensors(folder / description["file"].get<std::string>());
    TensorMap backbone;
    for (const auto& entry : description.at("tensors"))
        backbone[entry.at("name")] = weightByFormula(entry);
    return backbone;
}

/// Mean, deviation and the first eight values of the first picture's activations.
at::Tensor digest(const at::Tensor& activations)
{
    const auto feature = activations[0];
    return at::cat({feature.mean().view({1}), feature.std().view({1}), feature.flatten().slice(0, 0, 8)});
}

std::vector<GoldenLine> runLpips(const std::filesystem::path& folder)
{
    const std::string net = nlohmann::json::parse(readTextFile(folder / "case.json")).at("net");
    const auto backbone = readBackbone(folder);
    const Lpips lpips(lpipsNetFromName(net), backbone, readTensors(folder / "lin.safetensors"), folder.string());
    const auto expected = readTensors(folder / "outputs.safetensors");
    const auto inputs = readTensors(folder / "inputs.safetensors");

    TensorMap ours;
    for (const auto& [name, a] : inputs) {
        if (!name.ends_with(".in0"))
            continue;
        const auto pair = name.substr(0, name.size() - 4);
        const auto& b = inputs.at(pair + ".in1");
        const auto layers = lpips.distanceByLayer(a, b);
        for (std::int64_t k = 0; k < layers.size(1); ++k)
            ours[pair + ".layer" + std::to_string(k)] = layers.select(1, k).view({-1, 1, 1, 1});
        ours[pair + ".distance"] = lpips.distance(a, b).view({-1, 1, 1, 1});
        // The package's normalize=True takes [0, 1] and stretches it itself.
        ours[pair + ".distance_normalize_true"] =
            lpips.distance(2 * ((a + 1) / 2) - 1, 2 * ((b + 1) / 2) - 1).view({-1, 1, 1, 1});
        const auto features = lpips.features(a);
        for (std::size_t k = 0; k < features.size(); ++k)
            ours[pair + ".feature" + std::to_string(k) + ".mean_std_first8"] = digest(features[k]);
    }
    auto lines = compareAll(ours, expected, [&expected](const std::string& name) {
        if (name.find(".feature") == std::string::npos)
            return distanceTolerance;
        return featureRelativeTolerance * std::max(1.0, expected.at(name).abs().max().item().toDouble());
    });
    if (const auto original = folder / ("lin_" + net + ".pth"); std::filesystem::exists(original)) {
        TensorMap linear;
        for (const auto& [name, array] : PtFile::read(original).stateDict())
            linear[name] = tensorFromArray(array);
        const Lpips again(lpipsNetFromName(net), backbone, linear, original.string());
        const auto& a = inputs.at("pairs32.in0");
        const auto& b = inputs.at("pairs32.in1");
        lines.push_back(compareTensors(original.filename().string(), again.distance(a, b), lpips.distance(a, b), 0));
    }
    return lines;
}

} // namespace

std::map<std::string, GoldenRunner> lpipsGoldenRunners()
{
    return {{"lpips", runLpips}};
}

} // namespace nanodit
