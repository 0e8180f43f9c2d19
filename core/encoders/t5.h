#pragma once

/// The encoder of T5 v1.1 (and v1.0), computed as Hugging Face transformers does (models/t5) from the same folders.
/// Shapes: B texts, T tokens, L valid tokens of one text, d = d_model.

#include "core/encoders/t5_tokenizer.h"
#include "core/encoders/weights.h"

#include <nlohmann/json_fwd.hpp>

#include <memory>
#include <optional>

namespace nanodit {

/// What config.json says. Field defaults are those of T5Config, but for the feed-forward of v1.1.
struct T5Config {
    std::int64_t vocabulary = 32128;
    std::int64_t width = 512;     ///< d_model
    std::int64_t headWidth = 64;  ///< d_kv; heads * d_kv may differ from d_model.
    std::int64_t mlpWidth = 1024; ///< d_ff
    std::int64_t layers = 8;
    std::int64_t heads = 6;
    std::int64_t buckets = 32;      ///< relative_attention_num_buckets
    std::int64_t maxDistance = 128; ///< relative_attention_max_distance
    std::string activation = "gelu_new";
    bool gated = true;
    double eps = 1e-6;

    /// Throws DataError naming `source` for another model_type, an unknown feed_forward_proj or broken sizes.
    static T5Config fromJson(const nlohmann::json& config, const std::string& source);
    static T5Config load(const std::filesystem::path& folder);
    nlohmann::json toJson() const;
    std::vector<ExpectedTensor> expectedTensors() const;
};

/// A text encoder. Immutable; any number of threads may use one. It computes gradients exactly when its weights require
/// them.
class T5Encoder {
public:
    /// Maps the folder's weights and reads its tokenizer. Throws DataError naming the file for whatever does not fit.
    static std::shared_ptr<const T5Encoder> load(const std::filesystem::path& folder,
                                                 const EncoderOptions& options = {});
    /// `weights` by the names of the Hugging Face files; tensors are shared, so that in-place updates are seen.
    /// Without a tokenizer only encode() works.
    T5Encoder(T5Config config, TensorMap weights, std::shared_ptr<const T5Tokenizer> tokenizer = {},
              const EncoderOptions& options = {}, std::string source = "weights");

    /// ids [B, T] int64, mask [B, T] (1 = valid; undefined: all are) -> [B, T, d] after the final norm. With
    /// `hiddenStates`, also the embeddings and what each layer gives; the last of them is after the final norm.
    at::Tensor encode(const at::Tensor& ids, const at::Tensor& mask,
                      std::vector<at::Tensor>* hiddenStates = nullptr) const;
    /// One caption's valid tokens, at most `maxTokens`, computed without padding: [L, d].
    at::Tensor encodeCaption(const std::string& text, std::int64_t maxTokens) const;
    /// Several at once, which reads (and converts) the weights once for all of them: [L_i, d] each.
    /// Empty when `stop` said so.
    std::vector<at::Tensor> encodeCaptions(const std::vector<std::string>& texts, std::int64_t maxTokens,
                                           const StopCheck& stop = {}) const;

    /// Buckets of key - query, bidirectional; any shape, int64.
    at::Tensor relativeBuckets(const at::Tensor& relativePosition) const;
    /// What is added to the attention logits of `queries` x `keys` tokens: [1, heads, queries, keys].
    at::Tensor positionBias(std::int64_t queries, std::int64_t keys) const;

    const T5Config& config() const { return config_; }
    const TensorMap& weights() const { return weights_.all(); }
    const T5Tokenizer& tokenizer() const; ///< Throws DataError when there is none.

    /// Weights of a new encoder, to be trained: deterministic by seed.
    static TensorMap initialWeights(const T5Config& config, std::uint64_t seed);

private:
    /// q, k, v [B, T, heads * d_kv] -> the same shape.
    using Attention = std::function<at::Tensor(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v)>;
    at::Tensor forward(const at::Tensor& ids, const Attention& attention, std::vector<at::Tensor>* hiddenStates,
                       const StopCheck& stop) const;

    T5Config config_;
    EncoderWeights weights_;
    std::shared_ptr<const T5Tokenizer> tokenizer_;
    std::string source_;
};

/// Writes config.json, tokenizer_config.json, spiece.model (a copy of `sentencePieceModel`) and model.safetensors,
/// which transformers' T5EncoderModel and T5Tokenizer load. The folder must not exist; it appears whole or not at all.
void writeT5Folder(const std::filesystem::path& folder, const T5Config& config, const TensorMap& weights,
                   const std::filesystem::path& sentencePieceModel, std::int64_t extraIds = 100);

} // namespace nanodit
