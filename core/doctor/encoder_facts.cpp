#include "core/doctor/encoder_facts.h"

#include "core/encoders/autoencoder_kl.h"
#include "core/encoders/dino.h"
#include "core/encoders/json_fields.h"
#include "core/encoders/t5.h"
#include "core/io/file_kind.h"
#include "core/io/float_values.h"
#include "core/io/model_folder.h"
#include "core/io/presence.h"
#include "core/preprocess/working_memory.h"
#include "core/runtime/error.h"
#include "core/validate/lpips.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <map>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

enum class Kind { None, Dino, T5, Autoencoder, Lpips };

constexpr const char* processorFile = "preprocessor_config.json";

bool isWeights(const fs::path& file)
{
    static const std::array endings = {".safetensors", ".bin", ".pth", ".pt"};
    const auto ending = file.extension().string();
    return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

/// What stands in a file's place when a download went wrong; "" when it looks like one.
std::string badDownload(const fs::path& file)
{
    if (!std::ifstream(file, std::ios::binary))
        return file.string() + " cannot be read: check its permissions";
    const auto kind = fileKindOf(file);
    constexpr std::array standIns = {FileKind::Empty,           FileKind::Zeros,   FileKind::GitLfsPointer,
                                     FileKind::GitAnnexPointer, FileKind::WebPage, FileKind::Xml,
                                     FileKind::InternetShortcut};
    const bool wrong = std::find(standIns.begin(), standIns.end(), kind) != standIns.end();
    return wrong ? wrongKindMessage(file.string(), kind, "a file of a model") : std::string();
}

Kind kindOfConfig(const JsonFields& config)
{
    const auto type = config.text("model_type", "");
    if (type == "t5")
        return Kind::T5;
    if (type == "dinov3_vit" || type == "dinov2" || type == "dinov2_with_registers")
        return Kind::Dino;
    return config.text("_class_name", "") == "AutoencoderKL" || config.has("block_out_channels") ? Kind::Autoencoder
                                                                                                 : Kind::None;
}

std::optional<LpipsNet> lpipsNetOf(const std::vector<std::string>& names)
{
    const std::array<std::pair<const char*, LpipsNet>, 3> backbones = {
        {{"alexnet-", LpipsNet::Alex}, {"vgg16-", LpipsNet::Vgg}, {"squeezenet1_1-", LpipsNet::Squeeze}}};
    for (const auto& name : names) {
        for (const auto& [stem, net] : backbones) {
            if (name.starts_with(stem) || name == nameOf(net) + ".pth" || name == nameOf(net) + ".safetensors")
                return net;
        }
    }
    return std::nullopt;
}

void count(EncoderFacts& facts, const TensorMap& tensors)
{
    std::map<std::string, std::int64_t> elements;
    for (const auto& [name, tensor] : tensors) {
        facts.parameters += tensor.numel();
        elements[dtypeName(arrayFromTensor(tensor).dtype)] += tensor.numel();
    }
    std::vector<std::pair<std::int64_t, std::string>> types;
    for (const auto& [type, number] : elements)
        types.emplace_back(-number, type);
    std::sort(types.begin(), types.end());
    for (std::size_t i = 0; i < types.size(); ++i)
        facts.precision += (i == 0 ? "" : " and ") + types[i].second;
}

/// What is looked through between two questions of whether to go on.
constexpr std::int64_t weightBytesAtOnce = std::int64_t{16} << 20;

/// Whether all numbers of an array in C order are finite; empty when `goOn` ended it. Adds to `bytesRead` what was
/// read.
std::optional<bool> weightIsFinite(const Array& array, const std::function<bool()>& goOn, std::int64_t& bytesRead)
{
    const auto unit = bytesPerElement(array.dtype);
    const auto atOnce = weightBytesAtOnce / unit;
    for (std::int64_t first = 0; first < array.elements(); first += atOnce) {
        if (!goOn())
            return std::nullopt;
        const auto count = std::min(atOnce, array.elements() - first);
        const auto bytes =
            array.bytes.subspan(static_cast<std::size_t>(first * unit), static_cast<std::size_t>(count * unit));
        if (!allFinite({.dtype = array.dtype, .shape = {count}, .strides = {}, .bytes = bytes, .owner = array.owner}))
            return false;
        bytesRead += count * unit;
    }
    return true;
}

/// Reads the weights that an encoder uses, and names those that hold NaN or infinite values. Buffers that only its
/// training needed may hold such on purpose (the masks of DINOv3's original files).
void lookThroughWeights(EncoderFacts& facts, const TensorMap& used, const WeightsReading& reading)
{
    std::vector<TensorMap::const_iterator> smallestFirst;
    for (auto tensor = used.begin(); tensor != used.end(); ++tensor) {
        smallestFirst.push_back(tensor);
        facts.bytesUsed += tensor->second.numel() * static_cast<std::int64_t>(tensor->second.element_size());
    }
    std::ranges::stable_sort(smallestFirst, {}, [](const auto& tensor) { return tensor->second.numel(); });
    const auto end = std::chrono::steady_clock::now() + reading.longest;
    const auto goOn = [&] { return std::chrono::steady_clock::now() < end && !(reading.stop && reading.stop()); };
    std::vector<std::string> wrong;
    for (const auto& tensor : smallestFirst) {
        const auto finite = weightIsFinite(arrayFromTensor(tensor->second), goOn, facts.bytesRead);
        if (!finite)
            break;
        if (!*finite)
            wrong.push_back(tensor->first);
    }
    if (wrong.empty())
        return;
    const auto more = wrong.size() - 1;
    facts.problems.push_back(
        facts.folder.string() + " holds NaN or infinite values in the tensor " + wrong.front() +
        (more == 0 ? "" : " and in " + std::to_string(more) + (more == 1 ? " other" : " others")) +
        ", and what it encodes would hold them, too: fetch the weights again, or convert them again to bfloat16 or "
        "float32 (float16 ends at 65,504)");
}

std::string sizeName(ImageSize size)
{
    return std::to_string(size.width) + "x" + std::to_string(size.height);
}

void inspectDino(EncoderFacts& facts, const EncoderLoad& load, const WeightsReading& reading)
{
    const auto encoder = DinoEncoder::load(facts.folder);
    const auto& config = encoder->config();
    facts.kind = config.kind == "dinov3_vit" ? "DINOv3 ViT"
                 : config.kind == "dinov2"   ? "DINOv2 ViT"
                                             : "DINOv2 ViT with registers";
    facts.description = std::to_string(config.layers) + " layers of width " + std::to_string(config.width) +
                        ", patches of " + std::to_string(config.patchSize) + " pixels";
    count(facts, readModelFolder(facts.folder));
    facts.memoryNeeded = workingBytesOf(config, load.picture, 1);
    facts.memoryFor = "a picture of " + sizeName(load.picture);
    encoder->normalisation(); // throws when there is none
    lookThroughWeights(facts, encoder->weights(), reading);
}

void inspectT5(EncoderFacts& facts, const EncoderLoad& load, const WeightsReading& reading)
{
    const auto encoder = T5Encoder::load(facts.folder);
    const auto& config = encoder->config();
    facts.kind = "T5 encoder";
    facts.description = std::to_string(config.layers) + " layers of width " + std::to_string(config.width) + ", " +
                        std::to_string(config.vocabulary) + " words";
    count(facts, readModelFolder(facts.folder));
    facts.memoryNeeded = workingBytesOf(config, load.textTokens, 1);
    facts.memoryFor = "a caption of " + std::to_string(load.textTokens) + " tokens";
    encoder->tokenizer(); // throws when there is none
    lookThroughWeights(facts, encoder->weights(), reading);
}

void inspectAutoencoder(EncoderFacts& facts, const EncoderLoad& load, const WeightsReading& reading)
{
    const auto autoencoder = AutoencoderKl::load(facts.folder);
    const auto& config = autoencoder.config();
    facts.kind = "AutoencoderKL";
    facts.description = std::to_string(config.latentChannels) + " latent channels, " + std::to_string(config.factor()) +
                        " pixels to one of a latent";
    count(facts, readModelFolder(facts.folder));
    const auto weights = facts.parameters * std::int64_t{sizeof(float)}; // computes in float32
    facts.memoryNeeded = weights + workingBytesOf(config, load.picture, 1);
    facts.memoryFor = "a picture of " + sizeName(load.picture);
    lookThroughWeights(facts, autoencoder.weights(), reading);
}

void inspectLpips(EncoderFacts& facts, LpipsNet net, const WeightsReading& reading)
{
    const auto lpips = Lpips::load(facts.folder, net);
    facts.kind = "LPIPS";
    facts.description = nameOf(net);
    lookThroughWeights(facts, lpips.weights(), reading);
}

/// A sentence about weights of another kind than the role asks for; "" when they go together.
std::string mismatch(const fs::path& folder, const std::string& role, Kind kind)
{
    const std::map<std::string, Kind> wanted = {
        {"dino", Kind::Dino}, {"t5", Kind::T5}, {"vae", Kind::Autoencoder}, {"lpips", Kind::Lpips}};
    const std::map<Kind, std::string> names = {{Kind::Dino, "a DINO encoder"},
                                               {Kind::T5, "a T5 encoder"},
                                               {Kind::Autoencoder, "an autoencoder"},
                                               {Kind::Lpips, "weights of LPIPS"},
                                               {Kind::None, "a model of another kind"}};
    const auto expected = wanted.find(role);
    if (expected == wanted.end() || expected->second == kind)
        return {};
    return folder.string() + " holds " + names.at(kind) + ", where " + names.at(expected->second) +
           " is needed: choose another folder";
}

void inspect(EncoderFacts& facts, const EncoderLoad& load, const WeightsReading& reading)
{
    const auto& folder = facts.folder;
    if (!isPresentFolder(folder)) {
        facts.problems.push_back(folder.string() + (isPresent(folder) ? " is not a folder" : " does not exist") +
                                 ": put the model there, or choose another folder");
        return;
    }
    const auto names = fileNamesIn(folder);
    for (const auto& name : names) {
        const auto file = folder / name;
        const bool reads = isWeights(file) || file.extension() == ".json" || file.extension() == ".model";
        if (auto problem = reads ? badDownload(file) : std::string(); !problem.empty())
            facts.problems.push_back(std::move(problem));
        if (isWeights(file))
            facts.bytes += static_cast<std::int64_t>(fs::file_size(file));
    }
    if (!facts.problems.empty())
        return;
    auto kind = Kind::None;
    const auto net = lpipsNetOf(names);
    if (isPresent(folder / "config.json"))
        kind = kindOfConfig(JsonFields::read(folder / "config.json"));
    else if (net)
        kind = Kind::Lpips;
    else {
        facts.problems.push_back(folder.string() + " holds no config.json: " + adviceWithoutConfig(folder));
        return;
    }
    if (auto problem = mismatch(folder, facts.role, kind); !problem.empty()) {
        facts.problems.push_back(std::move(problem));
        return;
    }
    switch (kind) {
    case Kind::Dino:
        return inspectDino(facts, load, reading);
    case Kind::T5:
        return inspectT5(facts, load, reading);
    case Kind::Autoencoder:
        return inspectAutoencoder(facts, load, reading);
    case Kind::Lpips:
        return inspectLpips(facts, *net, reading);
    case Kind::None:
        facts.problems.push_back((folder / "config.json").string() +
                                 " describes a model of a kind that is not used here: DINOv3 and DINOv2 ViTs, T5 and "
                                 "AutoencoderKL are");
    }
}

} // namespace

EncoderFacts inspectEncoder(const fs::path& folder, const std::string& role, const EncoderLoad& load,
                            const WeightsReading& reading)
{
    EncoderFacts facts{.role = role,
                       .folder = folder,
                       .kind = {},
                       .description = {},
                       .precision = {},
                       .memoryFor = {},
                       .problems = {}};
    try {
        inspect(facts, load, reading);
    } catch (const Error& error) {
        facts.problems.emplace_back(error.what());
    } catch (const std::exception&) { // of a library, whose words are not for whoever reads this
        facts.problems.push_back(folder.string() + " cannot be opened, though nothing that is missing was found: its "
                                                   "files may be damaged, so fetch them again");
    }
    return facts;
}

} // namespace nanodit
