#include "core/encoders/activation.h"
#include "core/encoders/json_fields.h"
#include "core/encoders/t5.h"
#include "core/runtime/error.h"

namespace nanodit {

T5Config T5Config::fromJson(const nlohmann::json& json, const std::string& source)
{
    const JsonFields fields(json, source);
    const auto modelType = fields.text("model_type", "");
    if (modelType != "t5")
        throw DataError(source + " is of model_type \"" + modelType + "\"; as text encoder only t5 can be used");
    fields.expectUnquantised();
    T5Config config;
    config.vocabulary = fields.count("vocab_size", 32128);
    config.width = fields.count("d_model", 512);
    config.headWidth = fields.count("d_kv", 64);
    config.mlpWidth = fields.count("d_ff", 2048);
    config.layers = fields.count("num_layers", 6, mostLayers);
    config.heads = fields.count("num_heads", 8);
    config.buckets = fields.count("relative_attention_num_buckets", 32);
    config.maxDistance = fields.count("relative_attention_max_distance", 128);
    config.eps = fields.number("layer_norm_epsilon", 1e-6);

    // "relu", "gated-gelu": the second part names the activation, but "gated-gelu" has always meant the tanh form.
    const auto projection = fields.text("feed_forward_proj", "relu");
    const auto dash = projection.find('-');
    config.gated = dash != std::string::npos;
    config.activation = config.gated ? projection.substr(dash + 1) : projection;
    if (config.gated && (projection.substr(0, dash) != "gated" || config.activation.find('-') != std::string::npos))
        throw DataError(source + " has the feed_forward_proj \"" + projection +
                        "\", where gated-ACTIVATION or ACTIVATION was expected");
    if (projection == "gated-gelu")
        config.activation = "gelu_new";
    activationByName(config.activation, source);
    if (!(config.eps > 0 && config.eps < 1))
        throw DataError(source + " has a layer_norm_epsilon of " + std::to_string(config.eps) +
                        ", where a small number above 0 was expected");
    if (config.buckets < 4 || config.maxDistance <= config.buckets / 4)
        throw DataError(source + " has " + std::to_string(config.buckets) +
                        " relative attention buckets up to a distance of " + std::to_string(config.maxDistance) +
                        "; at least 4 buckets and a distance beyond a quarter of them were expected");
    return config;
}

T5Config T5Config::load(const std::filesystem::path& folder)
{
    const auto fields = JsonFields::read(folder / "config.json");
    return fromJson(fields.json(), fields.source());
}

nlohmann::json T5Config::toJson() const
{
    const bool tanhGelu = gated && activation == "gelu_new";
    return {
        {"architectures", {"T5EncoderModel"}},
        {"model_type", "t5"},
        {"dtype", "float32"},
        {"classifier_dropout", 0.0},
        {"d_ff", mlpWidth},
        {"d_kv", headWidth},
        {"d_model", width},
        {"dense_act_fn", activation},
        {"dropout_rate", 0.1},
        {"eos_token_id", 1},
        {"feed_forward_proj", tanhGelu ? "gated-gelu" : (gated ? "gated-" : "") + activation},
        {"initializer_factor", 1.0},
        {"is_encoder_decoder", false},
        {"is_gated_act", gated},
        {"layer_norm_epsilon", eps},
        {"num_decoder_layers", layers},
        {"num_heads", heads},
        {"num_layers", layers},
        {"pad_token_id", 0},
        {"relative_attention_max_distance", maxDistance},
        {"relative_attention_num_buckets", buckets},
        {"tie_word_embeddings", false},
        {"use_cache", false},
        {"vocab_size", vocabulary},
    };
}

std::vector<ExpectedTensor> T5Config::expectedTensors() const
{
    const auto inner = heads * headWidth;
    std::vector<ExpectedTensor> expected = {
        {"shared.weight", {vocabulary, width}, {}},
        {"encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight", {buckets, heads}, {}},
        {"encoder.final_layer_norm.weight", {width}, {}},
    };
    for (std::int64_t i = 0; i < layers; ++i) {
        const auto block = "encoder.block." + std::to_string(i) + ".layer.";
        for (const char* name : {"q", "k", "v"})
            expected.push_back({block + "0.SelfAttention." + name + ".weight", {inner, width}, {}});
        expected.push_back({block + "0.SelfAttention.o.weight", {width, inner}, {}});
        expected.push_back({block + "0.layer_norm.weight", {width}, {}});
        const auto dense = block + "1.DenseReluDense.";
        if (gated) {
            expected.push_back({dense + "wi_0.weight", {mlpWidth, width}, {}});
            expected.push_back({dense + "wi_1.weight", {mlpWidth, width}, {}});
        } else {
            expected.push_back({dense + "wi.weight", {mlpWidth, width}, {}});
        }
        expected.push_back({dense + "wo.weight", {width, mlpWidth}, {}});
        expected.push_back({block + "1.layer_norm.weight", {width}, {}});
    }
    return expected;
}

} // namespace nanodit
