#include "core/encoders/t5.h"

#include "core/encoders/activation.h"
#include "core/encoders/attention.h"
#include "core/io/array.h"
#include "core/io/atomic_file.h"
#include "core/kernels/heads.h"
#include "core/runtime/error.h"
#include "core/runtime/generator.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

/// Names as they stand in files of a whole T5, for any wrapping: the table is shared.weight or
/// encoder.embed_tokens.weight.
TensorMap canonicalNames(TensorMap tensors)
{
    auto canonical = withoutPrefix(std::move(tensors), "encoder.final_layer_norm.weight");
    if (const auto table = canonical.find("encoder.embed_tokens.weight"); table != canonical.end())
        canonical.emplace("shared.weight", table->second);
    return canonical;
}

/// The logit of a key that must not be seen: its share is 0 in any precision, and a row of nothing else stays finite.
constexpr double hiddenLogit = -1e30;

/// x / sqrt(mean(x^2) + eps) * weight, the mean in float32 (Zhang and Sennrich 2019).
at::Tensor rmsNorm(const at::Tensor& x, const at::Tensor& weight, double eps)
{
    const auto wide = x.to(at::kFloat);
    return (wide * at::rsqrt(wide.square().mean(-1, true) + eps)).to(x.scalar_type()) * weight;
}

} // namespace

std::shared_ptr<const T5Encoder> T5Encoder::load(const std::filesystem::path& folder, const EncoderOptions& options)
{
    auto config = T5Config::load(folder);
    auto tokenizer = std::make_shared<const T5Tokenizer>(T5Tokenizer::load(folder));
    if (tokenizer->size() > config.vocabulary)
        throw DataError(tokenizer->modelFile().string() + " makes ids up to " + std::to_string(tokenizer->size() - 1) +
                        ", but " + folder.string() + " has a vocabulary of " + std::to_string(config.vocabulary) +
                        "; tokenizer and encoder do not belong together");
    constexpr std::int64_t mostUnused = 1024; // models round their vocabulary up
    if (tokenizer->modelFile().extension() == ".json" && tokenizer->size() + mostUnused < config.vocabulary)
        throw DataError(tokenizer->modelFile().string() + " makes only " + std::to_string(tokenizer->size()) +
                        " ids, but " + folder.string() + " has a vocabulary of " + std::to_string(config.vocabulary) +
                        "; tokenizer and encoder do not belong together");
    return std::make_shared<T5Encoder>(std::move(config), readModelFolder(folder), std::move(tokenizer), options,
                                       folder.string());
}

T5Encoder::T5Encoder(T5Config config, TensorMap weights, std::shared_ptr<const T5Tokenizer> tokenizer,
                     const EncoderOptions& options, std::string source)
    : config_(std::move(config))
    , weights_(canonicalNames(std::move(weights)), config_.expectedTensors(), source, options)
    , tokenizer_(std::move(tokenizer))
    , source_(std::move(source))
{
}

at::Tensor T5Encoder::encode(const at::Tensor& ids, const at::Tensor& mask, std::vector<at::Tensor>* hiddenStates) const
{
    const auto& options = weights_.options();
    if (ids.dim() != 2 || (mask.defined() && mask.sizes() != ids.sizes()))
        throw DataError("token ids of the shape " + shapeText(ids.sizes()) +
                        " cannot be encoded: [texts, tokens] and a mask like it were expected");
    auto bias = positionBias(ids.size(1), ids.size(1)).to(options.compute);
    if (mask.defined()) {
        const auto hidden = (mask.to(options.device) == 0).view({ids.size(0), 1, 1, ids.size(1)});
        bias = bias.expand({ids.size(0), -1, -1, -1}).masked_fill(hidden, hiddenLogit);
    }
    const auto attention = [&](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
        const auto heads = [this](const at::Tensor& x) { return splitHeads(x, 1, config_.heads)[0]; };
        return joinHeads(attend(heads(q), heads(k), heads(v), 1.0, bias, {}, options.products));
    };
    return forward(ids, attention, hiddenStates, {});
}

std::vector<at::Tensor> T5Encoder::encodeCaptions(const std::vector<std::string>& texts, std::int64_t maxTokens,
                                                  const StopCheck& stop) const
{
    if (texts.empty())
        return {};
    std::vector<std::int64_t> ids, lengths;
    std::int64_t longest = 0;
    for (const auto& text : texts) {
        const auto own = tokenizer().encode(text, maxTokens);
        ids.insert(ids.end(), own.begin(), own.end());
        lengths.push_back(std::int64_t(own.size()));
        longest = std::max(longest, lengths.back());
    }
    // All captions end to end as one row: what a token sees of its neighbours is limited in the attention alone.
    const auto bias = positionBias(longest, longest).to(weights_.options().compute);
    const auto attention = [&](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
        std::vector<at::Tensor> outputs;
        std::int64_t first = 0;
        for (const auto length : lengths) {
            const auto heads = [&](const at::Tensor& x) {
                return splitHeads(x.narrow(1, first, length), 1, config_.heads)[0];
            };
            outputs.push_back(
                joinHeads(attend(heads(q), heads(k), heads(v), 1.0, bias.narrow(2, 0, length).narrow(3, 0, length),
                                 stop, weights_.options().products)));
            first += length;
        }
        return at::cat(outputs, 1);
    };
    const auto row = at::tensor(ids, at::kLong).unsqueeze(0);
    try {
        auto split = forward(row, attention, nullptr, stop).squeeze(0).split_with_sizes(lengths, 0);
        return {split.begin(), split.end()};
    } catch (const EncodingStopped&) {
        return {};
    }
}

at::Tensor T5Encoder::encodeCaption(const std::string& text, std::int64_t maxTokens) const
{
    return encodeCaptions({text}, maxTokens).front();
}

at::Tensor T5Encoder::forward(const at::Tensor& ids, const Attention& attention, std::vector<at::Tensor>* hiddenStates,
                              const StopCheck& stop) const
{
    const auto& options = weights_.options();
    if (ids.numel() > 0 && (ids.min().item<std::int64_t>() < 0 || ids.max().item<std::int64_t>() >= config_.vocabulary))
        throw DataError("token ids run from " + std::to_string(ids.min().item<std::int64_t>()) + " to " +
                        std::to_string(ids.max().item<std::int64_t>()) + ", but " + source_ + " has a vocabulary of " +
                        std::to_string(config_.vocabulary));
    const auto activation = activationByName(config_.activation, source_);
    const auto norm = [&](const at::Tensor& x, const std::string& name) {
        return rmsNorm(x, weights_.get(name + ".weight"), config_.eps);
    };

    auto x = at::embedding(weights_.stored("shared.weight"), ids.to(options.device)).to(options.compute); // [B, T, d]
    for (std::int64_t i = 0; i < config_.layers; ++i) {
        if (hiddenStates != nullptr)
            hiddenStates->push_back(x);
        const auto block = "encoder.block." + std::to_string(i) + ".layer.";
        leaveIfStopped(stop);
        const auto attended = weights_.factor(norm(x, block + "0.layer_norm"));
        const auto self = block + "0.SelfAttention.";
        const auto linear = [&](const at::Tensor& input, const std::string& name) {
            return weights_.linear(input, name, stop);
        };
        const auto product = [&](const std::string& part) { return weights_.product(attended, self + part, stop); };
        x = x + linear(attention(product("q"), product("k"), product("v")), self + "o");
        leaveIfStopped(stop);
        const auto fed = weights_.factor(norm(x, block + "1.layer_norm"));
        const auto dense = block + "1.DenseReluDense.";
        const auto inner = config_.gated ? activation(linear(fed, dense + "wi_0")) * linear(fed, dense + "wi_1")
                                         : activation(linear(fed, dense + "wi"));
        x = x + linear(inner, dense + "wo");
    }
    x = norm(x, "encoder.final_layer_norm");
    if (hiddenStates != nullptr)
        hiddenStates->push_back(x);
    return x;
}

at::Tensor T5Encoder::relativeBuckets(const at::Tensor& relativePosition) const
{
    // Half of the buckets for keys after the query; in each half, small distances have their own, larger ones share
    // logarithmic ranges (Raffel et al. 2020; transformers, models/t5/modeling_t5.py, in float32 as there).
    const auto half = config_.buckets / 2;
    const auto exact = half / 2;
    const auto distance = relativePosition.abs();
    const auto far = (exact + at::log(distance.to(at::kFloat) / exact) /
                                  std::log(double(config_.maxDistance) / double(exact)) * (half - exact))
                         .clamp(0, half - 1)
                         .to(at::kLong);
    return (relativePosition > 0).to(at::kLong) * half + at::where(distance < exact, distance, far);
}

at::Tensor T5Encoder::positionBias(std::int64_t queries, std::int64_t keys) const
{
    const auto device = weights_.options().device;
    const auto options = at::TensorOptions(at::kLong).device(device);
    const auto relative = at::arange(keys, options).unsqueeze(0) - at::arange(queries, options).unsqueeze(1);
    const auto table = weights_.get("encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight");
    return at::embedding(table, relativeBuckets(relative)).permute({2, 0, 1}).unsqueeze(0);
}

const T5Tokenizer& T5Encoder::tokenizer() const
{
    if (!tokenizer_)
        throw DataError(source_ + " has no tokenizer (spiece.model), so that texts cannot be encoded");
    return *tokenizer_;
}

TensorMap T5Encoder::initialWeights(const T5Config& config, std::uint64_t seed)
{
    auto random = seededGenerator(seed);
    // Deviations of Mesh TensorFlow's T5: attention logits are not scaled, so that queries start small instead.
    const auto deviation = [&](const std::string& name) {
        if (name == "shared.weight")
            return 1.0;
        if (name.ends_with(".q.weight"))
            return 1 / std::sqrt(double(config.width * config.headWidth));
        if (name.ends_with(".o.weight"))
            return 1 / std::sqrt(double(config.heads * config.headWidth));
        if (name.ends_with(".wo.weight"))
            return 1 / std::sqrt(double(config.mlpWidth));
        return 1 / std::sqrt(double(config.width));
    };
    TensorMap weights;
    for (const auto& [name, shape, unused] : config.expectedTensors())
        weights[name] = name.ends_with("norm.weight") ? at::ones(shape, at::kFloat)
                                                      : at::randn(shape, random, at::kFloat).mul_(deviation(name));
    return weights;
}

void writeT5Folder(const std::filesystem::path& folder, const T5Config& config, const TensorMap& weights,
                   const std::filesystem::path& sentencePieceModel, std::int64_t extraIds)
{
    const T5Tokenizer tokenizer(sentencePieceModel, extraIds);
    if (tokenizer.size() > config.vocabulary)
        throw DataError(sentencePieceModel.string() + " makes ids up to " + std::to_string(tokenizer.size() - 1) +
                        ", beyond the encoder's vocabulary of " + std::to_string(config.vocabulary));
    const EncoderWeights checked(canonicalNames(weights), config.expectedTensors(),
                                 "the weights for " + folder.string(), {});
    TensorMap written = checked.all();
    for (auto& [name, tensor] : written)
        tensor = tensor.detach().to(at::kFloat).cpu().contiguous();
    const nlohmann::json tokenizerJson = {
        {"tokenizer_class", "T5Tokenizer"},
        {"eos_token", "</s>"},
        {"pad_token", "<pad>"},
        {"unk_token", "<unk>"},
        {"extra_ids", extraIds},
    };
    writeFolderAtomically(folder, [&](const std::filesystem::path& temporary) {
        writeFileAtomically(temporary / "config.json", config.toJson().dump(2) + "\n");
        writeFileAtomically(temporary / "tokenizer_config.json", tokenizerJson.dump(2) + "\n");
        writeFileAtomically(temporary / "spiece.model", readTextFile(sentencePieceModel));
        writeTensors(temporary / "model.safetensors", written, {{"format", "pt"}});
    });
}

} // namespace nanodit
