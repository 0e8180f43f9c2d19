#include "core/encoders/dino.h"
#include "core/encoders/image_processor.h"
#include "core/encoders/json_fields.h"
#include "core/encoders/t5.h"
#include "core/golden/compare.h"
#include "core/golden/golden.h"
#include "core/io/atomic_file.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <charconv>
#include <tuple>

namespace nanodit {

namespace {

constexpr double processorTolerance = 1e-5;
constexpr double dinoTolerance = 5e-5;
constexpr double t5Tolerance = 1e-4;

const at::Tensor& inputNamed(const TensorMap& inputs, const std::string& name, const std::filesystem::path& folder)
{
    const auto found = inputs.find(name);
    if (found == inputs.end())
        throw DataError((folder / "inputs.safetensors").string() + " lacks the tensor " + name);
    return found->second;
}

/// Pixels as the picture's file holds them, [H, W] or [H, W, C] -> [C, H, W].
at::Tensor channelsFirst(const at::Tensor& pixels)
{
    return (pixels.dim() == 2 ? pixels.unsqueeze(0) : pixels.permute({2, 0, 1})).contiguous();
}

/// The mode in which a case says its picture was drawn ("RGB", "L", "RGBA", "P"...), or nothing.
std::string modeOf(const nlohmann::json& description, const std::string& image)
{
    for (const auto& entry : description.value("images", nlohmann::json::array())) {
        if (entry.is_array() && entry.size() >= 4 && entry[0] == image && entry[3].is_string())
            return entry[3];
    }
    return {};
}

std::vector<GoldenLine> runPreprocess(const std::filesystem::path& folder)
{
    const auto description = JsonFields::read(folder / "case.json");
    const auto inputs = readTensors(folder / "inputs.safetensors");
    const auto expected = readTensors(folder / "outputs.safetensors");
    const auto configFile = folder / "preprocessor_config.json";
    auto base = std::filesystem::exists(configFile)
                    ? JsonFields::read(configFile).json()
                    : description.json().value("processor_kwargs", nlohmann::json::object());
    if (!base.contains("image_processor_type"))
        base["image_processor_type"] = description.text("processor", "");

    std::vector<GoldenLine> lines;
    for (const auto& run : description.json().value("runs", nlohmann::json::array())) {
        const auto name = run.at("name").get<std::string>();
        const auto image = run.at("image").get<std::string>();
        auto settings = base;
        settings.update(run.value("kwargs", nlohmann::json::object()));
        const auto process = [&] {
            const auto processor = ImageProcessor::fromJson(settings, configFile.string() + " for " + name);
            // A palette is gone once pixels are indices: the picture itself is converted.
            if (settings.value("do_convert_rgb", false) && modeOf(description.json(), image) == "P")
                return processor.process(tensorFromImage(readImage(folder / "images" / (image + ".png"))));
            return processor.process(channelsFirst(inputNamed(inputs, "image." + image, folder)));
        };
        if (const auto wanted = expected.find(name); wanted != expected.end()) {
            lines.push_back(compareTensors(name, process(), wanted->second, processorTolerance));
            continue;
        }
        GoldenLine line{.name = name, .passed = false, .note = "upstream refuses this, we do not"};
        try {
            process();
        } catch (const DataError& error) {
            line.passed = true;
            line.note = std::string("refused, as upstream does: ") + error.what();
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

std::vector<GoldenLine> runDino(const std::filesystem::path& folder)
{
    const auto encoder = DinoEncoder::load(folder);
    const std::string inputPrefix = "pixel_values.";
    TensorMap ours;
    for (const auto& [input, pixels] : readTensors(folder / "inputs.safetensors")) {
        if (!input.starts_with(inputPrefix))
            continue;
        const auto size = input.substr(inputPrefix.size() - 1); // ".HxW"
        std::vector<at::Tensor> hiddenStates;
        ours["last_hidden_state" + size] = encoder->tokens(pixels, &hiddenStates);
        for (std::size_t i = 0; i < hiddenStates.size(); ++i)
            ours["hidden_states." + std::to_string(i) + size] = hiddenStates[i];
        ours["pooler_output" + size] = encoder->encode(pixels).cls;
        const ImageSize picture{pixels.size(3), pixels.size(2)};
        if (encoder->config().rotary())
            std::tie(ours["rope_cos" + size], ours["rope_sin" + size]) =
                encoder->rotaryPosition(encoder->gridOf(picture));
        else
            ours["pos_embed_interpolated" + size] = encoder->learnedPosition(picture);
    }
    return compareAll(ours, readTensors(folder / "outputs.safetensors"),
                      [](const std::string&) { return dinoTolerance; });
}

/// "position_bias.32x48" -> 32, 48.
std::pair<std::int64_t, std::int64_t> sizesInName(const std::string& name)
{
    std::int64_t first = 0, second = 0;
    const auto* const begin = name.data() + name.rfind('.') + 1;
    const auto* const end = name.data() + name.size();
    const auto afterFirst = std::from_chars(begin, end, first).ptr;
    if (afterFirst != end)
        std::from_chars(afterFirst + 1, end, second);
    return {first, second};
}

void tokenizeCaptions(const std::filesystem::path& folder, const T5Tokenizer& tokenizer, const TensorMap& expected,
                      TensorMap& ours)
{
    const auto wanted = expected.find("tokenizer.input_ids");
    if (wanted == expected.end())
        return;
    const auto captions = nlohmann::json::parse(readTextFile(folder / "captions.json"), nullptr, false);
    if (!captions.is_array())
        throw DataError((folder / "captions.json").string() + " is no list of captions");
    const auto length = wanted->second.size(1);
    const std::vector<std::int64_t> shape = {std::int64_t(captions.size()), length};
    auto ids = at::full(shape, tokenizer.padId(), at::kLong);
    auto mask = at::zeros_like(ids);
    for (std::size_t i = 0; i < captions.size(); ++i) {
        const auto own = tokenizer.encode(captions[i].get<std::string>(), length);
        const auto row = std::int64_t(i), count = std::int64_t(own.size());
        ids[row].narrow(0, 0, count).copy_(at::tensor(own, at::kLong));
        mask[row].narrow(0, 0, count).fill_(1);
    }
    ours["tokenizer.input_ids"] = ids;
    ours["tokenizer.attention_mask"] = mask;
}

/// The ids before truncation and the pieces that they stand for.
std::vector<GoldenLine> compareWholeCaptions(const std::filesystem::path& folder, const T5Tokenizer& tokenizer)
{
    const auto file = folder / "tokenizer_golden.json";
    if (!std::filesystem::exists(file))
        return {};
    GoldenLine ids{.name = "tokenizer.untruncated_ids", .passed = true, .note = {}},
        pieces{.name = "tokenizer.pieces", .passed = true, .note = {}};
    for (const auto& caption : JsonFields::read(file).json().value("captions", nlohmann::json::array())) {
        const auto text = caption.at("text").get<std::string>();
        const auto own = tokenizer.encode(text);
        if (caption.contains("untruncated_ids") && own != caption["untruncated_ids"].get<std::vector<std::int64_t>>()) {
            ids.passed = false;
            ids.note += "differ for \"" + text + "\"; ";
        }
        if (!caption.contains("pieces") || !caption.contains("input_ids"))
            continue;
        // "<unk>" stands for what the vocabulary lacks, however it was written.
        const auto wanted = caption["pieces"].get<std::vector<std::string>>();
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            const auto id = caption["input_ids"].at(i).get<std::int64_t>();
            if (tokenizer.piece(id) != wanted[i]) {
                pieces.passed = false;
                pieces.note +=
                    std::to_string(id) + " is \"" + tokenizer.piece(id) + "\", expected \"" + wanted[i] + "\"; ";
            }
        }
    }
    return {ids, pieces};
}

std::vector<GoldenLine> runT5(const std::filesystem::path& folder)
{
    const auto encoder = T5Encoder::load(folder);
    const auto inputs = readTensors(folder / "inputs.safetensors");
    const auto expected = readTensors(folder / "outputs.safetensors");
    const auto ids = inputNamed(inputs, "input_ids", folder);
    const auto mask = inputNamed(inputs, "attention_mask", folder);

    TensorMap ours;
    std::vector<at::Tensor> hiddenStates;
    ours["last_hidden_state"] = encoder->encode(ids, mask, &hiddenStates);
    for (const auto& [name, tensor] : expected) {
        if (name.starts_with("hidden_states.")) {
            const auto layer = std::size_t(sizesInName(name).first);
            if (layer < hiddenStates.size())
                ours[name] = hiddenStates[layer].narrow(0, 0, std::min(tensor.size(0), ids.size(0)));
        } else if (name == "last_hidden_state.no_mask") {
            ours[name] = encoder->encode(ids.narrow(0, 0, tensor.size(0)), {});
        } else if (name == "last_hidden_state.long") {
            ours[name] = encoder->encode(inputNamed(inputs, "input_ids.long", folder), {});
        } else if (name.starts_with("position_bias.")) {
            const auto [queries, keys] = sizesInName(name);
            ours[name] = encoder->positionBias(queries, keys);
        } else if (name == "relative_position_bucket.bidirectional") {
            ours[name] = encoder->relativeBuckets(inputNamed(inputs, "relative_position", folder));
        }
    }
    tokenizeCaptions(folder, encoder->tokenizer(), expected, ours);
    auto lines = compareAll(ours, expected, [](const std::string& name) {
        return name.starts_with("tokenizer.") || name.starts_with("relative_position_bucket") ? 0.0 : t5Tolerance;
    });
    for (auto& line : compareWholeCaptions(folder, encoder->tokenizer()))
        lines.push_back(std::move(line));
    return lines;
}

} // namespace

std::map<std::string, GoldenRunner> encoderGoldenRunners()
{
    return {{"preprocess", runPreprocess},
            {"dinov3_vit", runDino},
            {"dinov2", runDino},
            {"dinov2_with_registers", runDino},
            {"t5_encoder", runT5}};
}

} // namespace nanodit
