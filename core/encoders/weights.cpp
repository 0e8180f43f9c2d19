#include "core/encoders/weights.h"

#include "core/encoders/json_fields.h"
#include "core/io/array.h"
#include "core/io/torch_file.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <set>
#include <utility>

namespace nanodit {

EncoderWeights::EncoderWeights(TensorMap tensors, std::span<const ExpectedTensor> expected, const std::string& source,
                               const EncoderOptions& options)
    : options_(options)
{
    for (const auto& wanted : expected) {
        const auto& shownName = wanted.nameInFiles.empty() ? wanted.name : wanted.nameInFiles;
        const auto found = tensors.find(wanted.name);
        if (found == tensors.end())
            throw DataError(source + " lacks the tensor " + shownName + " " + shapeText(wanted.shape) +
                            ", which its config.json calls for");
        const auto& tensor = found->second;
        if (!std::equal(tensor.sizes().begin(), tensor.sizes().end(), wanted.shape.begin(), wanted.shape.end()))
            throw DataError(source + " holds " + shownName + " in the shape " + shapeText(tensor.sizes()) +
                            ", where its config.json calls for " + shapeText(wanted.shape));
        if (!tensor.is_floating_point())
            throw DataError(source + " holds " + shownName + " as " + std::string(tensor.dtype().name()) +
                            ", where floating-point numbers were expected; quantised weights cannot be used");
        tensors_[wanted.name] = options_.device.is_cpu() ? tensor : tensor.to(options_.device);
    }
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

at::Tensor EncoderWeights::linear(const at::Tensor& x, const std::string& name, const StopCheck& stop) const
{
    const bool rounded = options_.products != at::kFloat;
    const auto factor = [&](const at::Tensor& tensor) {
        return rounded && tensor.defined() ? tensor.to(options_.products) : tensor;
    };
    const auto weight = factor(rounded ? stored(name + ".weight") : get(name + ".weight")); // [out, in]
    const auto bias = factor(find(name + ".bias"));
    const auto product = [&](const at::Tensor& rows) {
        const auto result = at::linear(factor(rows), weight, bias);
        return rounded ? result.to(options_.compute) : result;
    };
    const auto rows = x.numel() / std::max<std::int64_t>(1, x.size(-1));
    const auto operations = static_cast<double>(rows) * static_cast<double>(weight.numel());
    if (!stop || operations <= operationsAtOnce || !options_.device.is_cpu())
        return product(x);
    const auto parts = static_cast<std::int64_t>(operations / operationsAtOnce) + 1;
    std::vector<at::Tensor> results;
    for (const auto& part : x.reshape({rows, x.size(-1)}).chunk(parts)) {
        leaveIfStopped(stop);
        results.push_back(product(part));
    }
    auto shape = x.sizes().vec();
    shape.back() = weight.size(0);
    return at::cat(results).view(shape);
}

at::Tensor EncoderWeights::layerNorm(const at::Tensor& x, const std::string& name, double eps) const
{
    return at::layer_norm(x, {x.size(-1)}, get(name + ".weight"), find(name + ".bias"), eps);
}

namespace {

void addTorchFile(TensorMap& tensors, const std::filesystem::path& file)
{
    for (const auto& [name, array] : PtFile::read(file).stateDict())
        tensors.emplace(name, tensorFromArray(array));
}

} // namespace

TensorMap readModelFolder(const std::filesystem::path& folder)
{
    const auto has = [&](const std::string& name) { return std::filesystem::exists(folder / name); };
    const auto single = folder / "pytorch_model.bin", index = folder / "pytorch_model.bin.index.json";
    const bool safetensors = has("model.safetensors") || has("model.safetensors.index.json") ||
                             has("diffusion_pytorch_model.safetensors") ||
                             has("diffusion_pytorch_model.safetensors.index.json");
    TensorMap tensors;
    if (!safetensors && std::filesystem::exists(single)) {
        addTorchFile(tensors, single);
    } else if (!safetensors && std::filesystem::exists(index)) {
        const auto fields = JsonFields::read(index);
        std::set<std::string> shards;
        const JsonFields map(fields.json().value("weight_map", nlohmann::json()), fields.source() + " (weight_map)");
        for (const auto& [tensor, shard] : map.json().items()) {
            if (!shard.is_string() || std::filesystem::path(shard.get<std::string>()).has_parent_path())
                throw DataError(fields.source() + " names no file of its own folder for " + tensor);
            shards.insert(shard.get<std::string>());
        }
        for (const auto& shard : shards)
            addTorchFile(tensors, folder / shard);
    } else {
        tensors = readTensors(folder);
    }
    return tensors;
}

} // namespace nanodit
