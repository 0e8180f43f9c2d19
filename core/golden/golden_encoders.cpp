#include "core/encoders/dino.h"
#include "core/encoders/image_processor.h"
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

/// Pixels as the picture's file holds them, [H, W] or [H, W, C] -> [C, H, W].
at::Tensor channelsFirst(const at::Tensor& pixels)
{
    return (pixels.dim() == 2 ? pixels.unsqueeze(0) : pixels.permute({2, 0, 1})).contiguous();
}

/// The mode in which a case says its picture was drawn ("RGB", "L", "RGBA", "P"...), or nothing.
std::string modeOf(const nlohmann::json& description, const std::string& image)
{
    const auto images = description.find("images");
    for (const auto& entry : images != description.end() ? *images : nlohmann::json::array()) {
        if (entry.is_array() && entry.size() >= 4 && entry[0] == image && entry[3].is_string())
            return entry[3];
    }
    return {};
}

/// The object under a key; an empty one where there is none.
nlohmann::json objectOf(const JsonFields& fields, const std::string& key)
{
    return fields.has(key) ? JsonFields(fields.json()[key], fields.source() + ", \"" + key + "\",").json()
                           : nlohmann::json::object();
}

std::vector<GoldenLine> runPreprocess(const std::filesystem::path& folder, const Compute& /*of the CPU*/)
{
    const auto description = readCaseJson(folder / "case.json");
    const CaseTensors inputs(folder / "inputs.safetensors");
    const auto expected = readTensors(folder / "outputs.safetensors");
    const auto configFile = folder / "preprocessor_config.json";
    auto base = std::filesystem::exists(configFile) ? readCaseJson(configFile).json()
                                                    : objectOf(description, "processor_kwargs");
    if (!base.contains("image_processor_type"))
        base["image_processor_type"] = description.text("processor", "");

    std::vector<GoldenLine> lines;
    description.require({"runs"});
    for (const auto& entry : description.json()["runs"]) {
        const JsonFields run(entry, description.source() + ", \"runs\",");
        run.require({"name", "image"});
        const auto name = run.text("name", ""), image = run.text("image", "");
        auto settings = base;
        settings.update(objectOf(run, "kwargs"));
        const auto process = [&] {
            const auto processor = ImageProcessor::fromJson(settings, configFile.string() + " for " + name);
            // A palette is gone once pixels are indices: the picture itself is converted.
            if (settings.contains("do_convert_rgb") && settings["do_convert_rgb"] == true &&
                modeOf(description.json(), image) == "P")
                return processor.process(tensorFromImage(readImage(folder / "images" / (image + ".png"))));
            return processor.process(channelsFirst(inputs.at("image." + image)));
        };
        if (const auto wanted = expected.find(name); wanted != expected.end()) {
            lines.push_back(compareTensors(name, process(), wanted->second, processorTolerance, Compute{}));
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

std::vector<GoldenLine> runDino(const std::filesystem::path& folder, const Compute& compute)
{
    const auto encoder = DinoEncoder::load(folder, EncoderOptions::of(compute));
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
    return compareAll(
        ours, readTensors(folder / "outputs.safetensors"), [](const std::string&) { return dinoTolerance; }, compute);
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
        throw DataError((folder / "captions.json").string() + " is not a list of captions");
    const auto length = wanted->second.size(1);
    const std::vector<std::int64_t> shape = {std::int64_t(captions.size()), length};
    auto ids = at::full(shape, tokenizer.padId(), at::kLong);
    auto mask = at::zeros_like(ids);
    for (std::size_t i = 0; i < captions.size(); ++i) {
        if (!captions[i].is_string())
            throw DataError((folder / "captions.json").string() + " holds " + captions[i].dump() +
                            " where a caption was expected");
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
    const auto golden = readCaseJson(file);
    golden.require({"captions"});
    for (const auto& entry : golden.json()["captions"]) {
        const JsonFields caption(entry, file.string() + ", \"captions\",");
        caption.require({"text"});
        const auto text = caption.text("text", "");
        if (caption.has("untruncated_ids") && nlohmann::json(tokenizer.encode(text)) != entry["untruncated_ids"]) {
            ids.passed = false;
            ids.note += "differ for \"" + text + "\"; ";
        }
        if (!caption.has("pieces") || !caption.has("input_ids"))
            continue;
        const auto& wanted = entry["pieces"];
        const auto& wantedIds = entry["input_ids"];
        for (std::size_t i = 0; i < wanted.size(); ++i) {
            if (!wanted.is_array() || !wantedIds.is_array() || i >= wantedIds.size() ||
                !wantedIds[i].is_number_integer())
                throw DataError(caption.source() + " has other \"pieces\" than \"input_ids\" for \"" + text + "\"");
            // "<unk>" stands for what the vocabulary lacks, however it was written.
            const auto id = wantedIds[i].get<std::int64_t>();
            if (const auto piece = tokenizer.piece(id); wanted[i] != piece) {
                pieces.passed = false;
                pieces.note += std::to_string(id) + " is \"" + piece + "\", expected " + wanted[i].dump() + "; ";
            }
        }
    }
    return {ids, pieces};
}

std::vector<GoldenLine> runT5(const std::filesystem::path& folder, const Compute& compute)
{
    const auto encoder = T5Encoder::load(folder, EncoderOptions::of(compute));
    const CaseTensors inputs(folder / "inputs.safetensors");
    const auto expected = readTensors(folder / "outputs.safetensors");
    const auto ids = inputs.at("input_ids");
    const auto mask = inputs.at("attention_mask");

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
            ours[name] = encoder->encode(inputs.at("input_ids.long"), {});
        } else if (name.starts_with("position_bias.")) {
            const auto [queries, keys] = sizesInName(name);
            ours[name] = encoder->positionBias(queries, keys);
        } else if (name == "relative_position_bucket.bidirectional") {
            ours[name] = encoder->relativeBuckets(inputs.at("relative_position"));
        }
    }
    tokenizeCaptions(folder, encoder->tokenizer(), expected, ours);
    const auto tolerance = [](const std::string& name) {
        return name.starts_with("tokenizer.") || name.starts_with("relative_position_bucket") ? 0.0 : t5Tolerance;
    };
    auto lines = compareAll(ours, expected, tolerance, compute);
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
