#include "core/encoders/weights.h"

#include "core/io/array.h"
#include "core/io/array_tensors.h"
#include "core/io/model_folder.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

namespace nanodit {

namespace {

/// Numbers of a weight that are converted together: 4 MB in float32.
constexpr std::int64_t convertedAtOnce = std::int64_t{1} << 20;

constexpr auto decimalDigits = "0123456789";

/// "encoder.block.12." of "encoder.block.12.layer.0.layer_norm.weight"; empty for tensors of no layer.
std::string layerOf(const std::string& name)
{
    const auto number = name.find_first_of(decimalDigits);
    const auto end = number == std::string::npos ? number : name.find_first_not_of(decimalDigits, number);
    return end == std::string::npos ? std::string() : name.substr(0, end + 1);
}

/// x W^T + b; large ones on the CPU in parts between which `stop` is asked.
at::Tensor productInParts(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias, const StopCheck& stop)
{
    const auto rows = x.numel() / std::max<std::int64_t>(1, x.size(-1));
    const auto operations = static_cast<double>(rows) * static_cast<double>(weight.numel());
    if (!stop || operations <= operationsAtOnce || !weight.is_cpu())
        return at::linear(x, weight, bias);
    const auto parts = static_cast<std::int64_t>(operations / operationsAtOnce) + 1;
    std::vector<at::Tensor> results;
    for (const auto& part : x.reshape({rows, x.size(-1)}).chunk(parts)) {
        leaveIfStopped(stop);
        results.push_back(at::linear(part, weight, bias));
    }
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return at::cat(results).view(shape);
}

} // namespace

EncoderWeights::EncoderWeights(TensorMap tensors, std::span<const ExpectedTensor> expected, const std::string& source,
                               const EncoderOptions& options)
    : options_(options)
{
    expectNoScales(tensors, source);
    for (const auto& wanted : expected) {
        const auto& shownName = wanted.nameInFiles.empty() ? wanted.name : wanted.nameInFiles;
        const auto found = tensors.find(wanted.name);
        if (found == tensors.end())
            throw DataError(source + " lacks the tensor " + shownName + " " + shapeText(wanted.shape) +
                            ", which its config.json calls for: use the config.json that belongs to the weights, or "
                            "fetch the weights again");
        const auto& tensor = found->second;
        if (!tensor.is_floating_point())
            throw DataError(source + " holds " + shownName + " as " + dtypeName(tensor) +
                            ", where floating-point numbers were expected: quantised weights are not read; use the "
                            "float16, bfloat16 or float32 weights of the same model");
        if (!std::equal(tensor.sizes().begin(), tensor.sizes().end(), wanted.shape.begin(), wanted.shape.end()))
            throw DataError(source + " holds " + shownName + " in the shape " + shapeText(tensor.sizes()) +
                            ", where its config.json calls for " + shapeText(wanted.shape) +
                            ": use the config.json that belongs to the weights");
        tensors_[wanted.name] = options_.device.is_cpu() ? tensor : tensor.to(options_.device);
    }
    for (const auto& [name, tensor] : tensors) {
        if (isOfFurtherLayer(name))
            throw DataError(source + " holds " + name +
                            ", of a layer that its config.json does not have: use the "
                            "config.json that belongs to the weights");
        if (isLeftOutOfLayer(name))
            throw DataError(source + " holds " + name +
                            ", which its config.json leaves out: use the config.json that belongs to the weights");
    }
}

/// Whether a layer that is expected would compute with it.
bool EncoderWeights::isLeftOutOfLayer(const std::string& name) const
{
    const auto layer = layerOf(name);
    const auto expected = tensors_.lower_bound(layer);
    return !layer.empty() && expected != tensors_.end() && expected->first.starts_with(layer) &&
           !tensors_.contains(name) && (name.ends_with(".weight") || name.ends_with(".bias"));
}

/// Whether the first layer has such a tensor, and nothing was expected of this one.
bool EncoderWeights::isOfFurtherLayer(const std::string& name) const
{
    const auto layer = layerOf(name);
    if (layer.empty())
        return false;
    const auto expected = tensors_.lower_bound(layer);
    const bool isExpected = expected != tensors_.end() && expected->first.starts_with(layer);
    const auto first = layer.substr(0, layer.find_first_of(decimalDigits)) + "0.";
    return !isExpected && tensors_.contains(first + name.substr(layer.size()));
}

at::Tensor EncoderWeights::get(const std::string& name) const
{
    return stored(name).to(options_.compute);
}

at::Tensor EncoderWeights::find(const std::string& name) const
{
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? at::Tensor() : found->second.to(options_.compute);
}

const at::Tensor& EncoderWeights::stored(const std::string& name) const
{
    const auto found = tensors_.find(name);
    TORCH_INTERNAL_ASSERT(found != tensors_.end(), "no expected tensor is called ", name);
    return found->second;
}

at::Tensor EncoderWeights::factor(const at::Tensor& x) const
{
    return options_.products != at::kFloat && x.defined() ? x.to(options_.products) : x;
}

at::Tensor EncoderWeights::linear(const at::Tensor& x, const std::string& name, const StopCheck& stop) const
{
    const auto result = product(x, name, stop);
    return options_.products != at::kFloat ? result.to(options_.compute) : result;
}

at::Tensor EncoderWeights::product(const at::Tensor& x, const std::string& name, const StopCheck& stop) const
{
    const auto& whole = stored(name + ".weight"); // [out, in]
    const auto type = options_.products != at::kFloat ? options_.products : options_.compute;
    const auto bias = factor(find(name + ".bias"));
    const auto input = factor(x);
    const auto in = std::max<std::int64_t>(1, whole.size(1)), out = whole.size(0);
    const auto rows = x.numel() / in, outAtOnce = std::max(convertedAtOnce / in, rows);
    const bool fewRows = 2 * rows < in; // with many, to read them again and to join the results would cost more
    if (whole.scalar_type() == type || !fewRows || out <= outAtOnce || !options_.device.is_cpu())
        return productInParts(input, whole.to(type), bias, stop);
    // Converted some rows at a time, which stay in the caches until they are multiplied: the weight as a whole would go
    // to fresh memory and back.
    std::vector<at::Tensor> columns;
    for (std::int64_t first = 0; first < out; first += outAtOnce) {
        leaveIfStopped(stop);
        const auto count = std::min(outAtOnce, out - first);
        columns.push_back(productInParts(input, whole.narrow(0, first, count).to(type),
                                         bias.defined() ? bias.narrow(0, first, count) : bias, stop));
    }
    return at::cat(columns, -1);
}

at::Tensor EncoderWeights::layerNorm(const at::Tensor& x, const std::string& name, double eps) const
{
    return at::layer_norm(x, {x.size(-1)}, get(name + ".weight"), find(name + ".bias"), eps);
}

TensorMap readModelFolder(const std::filesystem::path& folder)
{
    const auto files = findModelFiles(folder);
    return tensorsFromArrays(readWeightsFiles(files), files.source());
}

void expectNoScales(const TensorMap& tensors, const std::string& source)
{
    // ComfyUI, compressed-tensors and DeepSeek (float8), bitsandbytes (int8, 4 bit).
    constexpr std::array<std::string_view, 6> endings = {".scale_weight", ".weight_scale",  ".weight_scale_inv",
                                                         ".SCB",          ".weight.absmax", ".weight.quant_map"};
    for (const auto& [name, tensor] : tensors) {
        if (std::ranges::any_of(endings, [&name](std::string_view ending) { return name.ends_with(ending); }))
            throw DataError(source + " holds " + name +
                            ", by which weights have to be multiplied: quantised weights are not read; use the "
                            "float16, bfloat16 or float32 weights of the same model");
    }
}

TensorMap withoutPrefix(TensorMap tensors, const std::string& anchor)
{
    std::optional<std::string> prefix;
    for (const auto& [name, tensor] : tensors) {
        const bool ends = name.ends_with(anchor);
        const auto before = name.size() - std::min(name.size(), anchor.size());
        if (ends && (before == 0 || name[before - 1] == '.') && (!prefix || before < prefix->size()))
            prefix = name.substr(0, before);
    }
    if (!prefix || prefix->empty())
        return tensors;
    TensorMap below;
    for (auto& [name, tensor] : tensors) {
        if (name.starts_with(*prefix))
            below.emplace(name.substr(prefix->size()), std::move(tensor));
    }
    return below;
}

} // namespace nanodit
