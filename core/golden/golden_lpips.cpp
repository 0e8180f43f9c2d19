#include "core/golden/compare.h"
#include "core/io/torch_file.h"
#include "core/runtime/error.h"
#include "core/validate/lpips.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace nanodit {

namespace {

constexpr double distanceTolerance = 1e-6;
/// Activations reach some tens: their sums of thousands of terms differ in the last digits.
constexpr double featureRelativeTolerance = 2e-5;

constexpr std::int64_t largestWeight = 1 << 28; ///< Elements; the largest backbone has a tenth of that in all.

/// backbone.json defines weights by a hash of their place: x = seed + i mixed by two multiplications, spread over
/// [-amplitude, amplitude].
at::Tensor weightByFormula(const JsonFields& entry)
{
    entry.require({"shape", "seed", "amplitude"});
    std::vector<std::int64_t> shape;
    std::int64_t elements = 1;
    for (const auto& side : entry.json()["shape"]) {
        shape.push_back(side.is_number_integer() ? side.get<std::int64_t>() : -1);
        if (shape.back() < 1 || shape.back() > largestWeight / elements)
            throw DataError(entry.source() + " has the shape " + entry.json()["shape"].dump() +
                            ", where a list of sizes was expected");
        elements *= shape.back();
    }
    const auto seed = static_cast<std::uint32_t>(entry.integer("seed", 0));
    const double amplitude = entry.number("amplitude", 0);
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
    const auto description = readCaseJson(folder / "backbone.json");
    if (description.has("file"))
        return readTensors(folder / description.text("file", ""));
    description.require({"tensors"});
    TensorMap backbone;
    for (const auto& entry : description.json()["tensors"]) {
        const JsonFields tensor(entry, description.source() + ", \"tensors\",");
        tensor.require({"name"});
        backbone[tensor.text("name", "")] = weightByFormula(tensor);
    }
    return backbone;
}

/// Mean, deviation and the first eight values of the first picture's activations.
at::Tensor digest(const at::Tensor& activations)
{
    const auto feature = activations[0];
    return at::cat({feature.mean().view({1}), feature.std().view({1}), feature.flatten().slice(0, 0, 8)});
}

std::vector<GoldenLine> runLpips(const std::filesystem::path& folder, const Compute& compute)
{
    const auto description = readCaseJson(folder / "case.json");
    description.require({"net"});
    const auto net = description.text("net", "");
    const auto backbone = readBackbone(folder);
    const auto options = EncoderOptions::of(compute);
    const Lpips lpips(lpipsNetFromName(net), backbone, readTensors(folder / "lin.safetensors"), folder.string(),
                      options);
    const auto expected = readTensors(folder / "outputs.safetensors");
    const CaseTensors inputs(folder / "inputs.safetensors");
    std::vector<std::string> pairs;
    for (const auto& [name, tensor] : inputs.all()) {
        if (name.ends_with(".in0"))
            pairs.push_back(name.substr(0, name.size() - 4));
    }
    if (pairs.empty())
        throw DataError((folder / "inputs.safetensors").string() +
                        " holds no pair of pictures: expected are tensors NAME.in0 and NAME.in1");

    TensorMap ours;
    for (const auto& pair : pairs) {
        const auto &a = inputs.at(pair + ".in0"), &b = inputs.at(pair + ".in1");
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
    const auto tolerance = [&expected](const std::string& name) {
        if (name.find(".feature") == std::string::npos)
            return distanceTolerance;
        return featureRelativeTolerance * std::max(1.0, expected.at(name).abs().max().item().toDouble());
    };
    auto lines = compareAll(ours, expected, tolerance, compute);
    if (const auto original = folder / ("lin_" + net + ".pth"); std::filesystem::exists(original)) {
        TensorMap linear;
        for (const auto& [name, array] : PtFile::read(original).stateDict())
            linear[name] = tensorFromArray(array);
        const Lpips again(lpipsNetFromName(net), backbone, linear, original.string(), options);
        const auto &a = inputs.at(pairs.front() + ".in0"), &b = inputs.at(pairs.front() + ".in1");
        lines.push_back(
            compareTensors(original.filename().string(), again.distance(a, b), lpips.distance(a, b).cpu(), 0, compute));
    }
    return lines;
}

} // namespace

std::map<std::string, GoldenRunner> lpipsGoldenRunners()
{
    return {{"lpips", runLpips}};
}

} // namespace nanodit
