#include "core/io/model_folder.h"

#include "core/io/atomic_file.h"
#include "core/io/file_kind.h"
#include "core/io/presence.h"
#include "core/io/safetensors.h"
#include "core/io/torch_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <optional>
#include <set>
#include <span>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

/// In this order of preference; each has its index beside it or is a file.
constexpr std::array usualNames = {"model.safetensors", "diffusion_pytorch_model.safetensors", "pytorch_model.bin",
                                   "diffusion_pytorch_model.bin"};
constexpr std::array torchEndings = {".bin", ".pt", ".pth", ".ckpt"};

bool isTorchName(const std::string& name)
{
    return std::any_of(torchEndings.begin(), torchEndings.end(),
                       [&](const char* ending) { return name.ends_with(ending); });
}

/// What training scripts leave beside the weights.
bool isTrainingState(const std::string& name)
{
    return name.starts_with("optimizer") || name.starts_with("scheduler") || name.starts_with("rng_state") ||
           name.starts_with("training_args");
}

/// "00002" and "00005" of NAME-00002-of-00005.ENDING.
struct ShardNumber {
    std::string stem, ending;
    int number = 0, of = 0;
};
std::optional<ShardNumber> shardNumberOf(const std::string& name)
{
    constexpr std::size_t digits = 5;
    const auto of = name.find("-of-");
    if (of == std::string::npos || of < digits + 1 || name.size() < of + 4 + digits || name[of - digits - 1] != '-')
        return std::nullopt;
    const auto first = name.substr(of - digits, digits), last = name.substr(of + 4, digits);
    const auto isDigits = [](const std::string& text) {
        return std::all_of(text.begin(), text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
    };
    if (!isDigits(first) || !isDigits(last))
        return std::nullopt;
    return ShardNumber{.stem = name.substr(0, of - digits - 1),
                       .ending = name.substr(of + 4 + digits),
                       .number = std::stoi(first),
                       .of = std::stoi(last)};
}

std::string listed(const std::vector<std::string>& names)
{
    constexpr std::size_t most = 6;
    std::string text;
    for (std::size_t i = 0; i < names.size() && i < most; ++i)
        text += (i == 0 ? "" : ", ") + names[i];
    return names.size() > most ? text + " and " + std::to_string(names.size() - most) + " more" : text;
}

/// The shards that an index names, each once.
ModelFiles filesOfIndex(const fs::path& index)
{
    const auto name = index.string();
    const auto text = readTextFile(index);
    const auto json = nlohmann::json::parse(text, nullptr, false);
    if (const auto kind = fileKindOf(std::as_bytes(std::span(text)));
        json.is_discarded() && kind != FileKind::Json && kind != FileKind::Text && kind != FileKind::Unknown)
        throw DataError(wrongKindMessage(name, kind, "an index of shards"));
    if (!json.is_object() || !json.contains("weight_map") || !json["weight_map"].is_object() ||
        json["weight_map"].empty())
        throw DataError(name + " is not an index of shards: it has no \"weight_map\"; fetch it again");
    std::set<std::string> shards;
    for (const auto& [tensor, shard] : json["weight_map"].items()) {
        const auto file = shard.is_string() ? shard.get<std::string>() : std::string();
        const bool control = std::ranges::any_of(file, [](unsigned char c) { return std::iscntrl(c) != 0; });
        if (file.empty() || file == ".." || file == "." || file.find('/') != std::string::npos || control)
            throw DataError(name + " names no file of its own folder for " + tensor + "; fetch it again");
        shards.insert(file);
    }
    ModelFiles found{.index = index, .files = {}};
    for (const auto& shard : shards) {
        found.files.push_back(index.parent_path() / shard);
        std::error_code ignored;
        if (!fs::exists(found.files.back(), ignored))
            throw DataError(found.files.back().string() + " is missing, a part of the weights that " +
                            index.filename().string() + " names: fetch it");
    }
    return found;
}

/// The shards of one model without its index: all of them, or the sentence that names the first that is missing.
std::optional<ModelFiles> filesOfShards(const fs::path& folder, const std::vector<std::string>& names)
{
    std::optional<ShardNumber> first;
    std::set<int> numbers;
    ModelFiles found;
    for (const auto& name : names) {
        const auto shard = shardNumberOf(name);
        if (!shard ||
            (first && (shard->stem != first->stem || shard->of != first->of || shard->ending != first->ending)))
            return std::nullopt;
        first = shard;
        numbers.insert(shard->number);
        found.files.push_back(folder / name);
    }
    if (!first)
        return std::nullopt;
    for (int number = 1; number <= first->of; ++number) {
        if (!numbers.contains(number)) {
            char text[32];
            std::snprintf(text, sizeof text, "-%05d-of-%05d", number, first->of);
            throw DataError(folder.string() + " lacks " + first->stem + text + first->ending +
                            ", a part of its weights: fetch it");
        }
    }
    return found;
}

[[noreturn]] void refuseFolder(const fs::path& folder, const std::vector<std::string>& names)
{
    for (const std::string name : usualNames) {
        for (const auto& file : {folder / name, folder / (name + ".index.json")}) {
            if (const auto lost = lostLink(file); !lost.empty())
                throw DataError(lost + ": fetch the model again, or copy it with the files that its links lead to "
                                       "(cp -rL)");
            if (isPresent(file))
                throw DataError(file.string() + " is " + (isPresentFolder(file) ? "a folder" : "a pipe or a device") +
                                ", where a file was expected: put the file of the model in its place");
        }
    }
    for (const auto& name : names) {
        if (name.ends_with(".gguf"))
            throw DataError((folder / name).string() + " is quantised (GGUF), which is not read: fetch the model's "
                                                       "float16, bfloat16 or float32 weights (.safetensors)");
        if (isUnfinishedDownload(name))
            throw DataError(folder.string() + " holds no weights but " + name +
                            ", an interrupted download: fetch the model again");
        if (name.ends_with(".msgpack") || name.ends_with(".h5") || name.ends_with(".onnx") || name.ends_with(".tflite"))
            throw DataError((folder / name).string() +
                            " is of another framework: fetch the model's weights for PyTorch "
                            "(model.safetensors or pytorch_model.bin)");
    }
    std::error_code ignored;
    if (fs::is_directory(folder / "checkpoints", ignored))
        throw DataError(folder.string() + " is a run: name one of its checkpoints, in " +
                        (folder / "checkpoints").string());
    throw DataError(folder.string() +
                    " holds no weights (model.safetensors, diffusion_pytorch_model.safetensors, "
                    "pytorch_model.bin)" +
                    (names.empty() ? ": it is empty" : ": it holds " + listed(names)) +
                    "; fetch them from where the model came from");
}

} // namespace

std::vector<std::string> fileNamesIn(const fs::path& folder)
{
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        const auto name = it->path().filename().string();
        if (!name.starts_with(".") && isPresentFile(it->path()))
            names.push_back(name);
    }
    if (error)
        throw DataError(folder.string() + " cannot be read: " + error.message() + "; check its permissions");
    std::sort(names.begin(), names.end());
    return names;
}

std::string ModelFiles::source() const
{
    if (!index.empty())
        return index.string();
    return files.size() == 1 ? files.front().string() : files.empty() ? "" : files.front().parent_path().string();
}

ModelFiles findModelFiles(const fs::path& folder)
{
    const auto names = fileNamesIn(folder);
    const auto has = [&](const std::string& name) { return std::binary_search(names.begin(), names.end(), name); };
    for (const std::string name : usualNames) {
        if (has(name))
            return {.index = {}, .files = {folder / name}};
        if (has(name + ".index.json"))
            return filesOfIndex(folder / (name + ".index.json"));
    }
    std::vector<std::string> indexes, safetensors, torchFiles, safetensorsShards, torchShards;
    for (const auto& name : names) {
        if (name.find(".index.") != std::string::npos && name.ends_with(".json"))
            indexes.push_back(name);
        else if (name.ends_with(".safetensors"))
            (shardNumberOf(name) ? safetensorsShards : safetensors).push_back(name);
        else if (isTorchName(name) && !isTrainingState(name))
            (shardNumberOf(name) ? torchShards : torchFiles).push_back(name);
    }
    if (indexes.size() == 1)
        return filesOfIndex(folder / indexes.front());
    if (indexes.size() > 1)
        throw DataError(folder.string() + " holds the weights several times, by " + listed(indexes) +
                        ": leave only the index that you want, or rename it to model.safetensors.index.json");
    for (const auto* const candidates : {&safetensors, &torchFiles}) {
        if (candidates->size() == 1)
            return {.index = {}, .files = {folder / candidates->front()}};
        if (candidates->size() > 1)
            throw DataError(folder.string() + " holds several files of weights, " + listed(*candidates) +
                            ", and none named model.safetensors: rename the one that you want to that name");
        if (auto shards = filesOfShards(folder, candidates == &safetensors ? safetensorsShards : torchShards))
            return *shards;
    }
    refuseFolder(folder, names);
}

bool isTorchFile(const fs::path& file)
{
    const auto kind = fileKindOf(file);
    return kind == FileKind::PyTorchZip || kind == FileKind::PyTorchLegacy || kind == FileKind::Pickle ||
           kind == FileKind::Zip;
}

void expectWeights(const fs::path& file)
{
    const auto kind = fileKindOf(file);
    if (isTorchName(file.filename().string()) && !isTorchFile(file) && kind != FileKind::Safetensors &&
        kind != FileKind::Unknown)
        throw DataError(wrongKindMessage(file.string(), kind, "a file of weights"));
}

std::map<std::string, Array> readWeightsFile(const fs::path& file)
{
    expectWeights(file);
    if (!isTorchFile(file))
        return readSafetensors(file).arrays;
    const auto read = PtFile::read(file);
    auto tensors = read.stateDict();
    // Without them a model would lack weights, or take what lies beside them for the whole.
    if (const auto foreign = read.foreignTensors(); !foreign.empty())
        throw DataError(file.string() + " holds " + std::to_string(foreign.size()) +
                        (foreign.size() == 1 ? " tensor" : " tensors") + " of a class of their own, such as " +
                        foreign.front() +
                        ", which are not read: take the model's float16, bfloat16 or float32 weights");
    return tensors;
}

std::map<std::string, Array> readWeightsFiles(const ModelFiles& files)
{
    if (!files.index.empty() && !isTorchName(files.files.front().filename().string()))
        return readSafetensors(files.index).arrays; // which checks that each tensor lies where the index says
    std::map<std::string, Array> arrays;
    for (const auto& file : files.files)
        arrays.merge(readWeightsFile(file));
    return arrays;
}

namespace {

/// models--ORGANISATION--NAME as Hugging Face's cache lays it out: the snapshot that refs/main names, or the only one.
fs::path snapshotIn(const fs::path& folder)
{
    std::error_code ignored;
    if (!fs::is_directory(folder / "snapshots", ignored))
        return {};
    std::ifstream in(folder / "refs" / "main");
    std::string revision;
    std::getline(in, revision);
    while (!revision.empty() && std::isspace(static_cast<unsigned char>(revision.back())) != 0)
        revision.pop_back();
    if (!revision.empty() && revision.find('/') == std::string::npos &&
        fs::is_directory(folder / "snapshots" / revision, ignored))
        return folder / "snapshots" / revision;
    fs::path only;
    for (fs::directory_iterator it(folder / "snapshots", ignored), end; it != end; it.increment(ignored)) {
        if (!only.empty())
            return {};
        only = it->path();
    }
    return only;
}

/// Folders a little below that hold a config.json, for those who named one too high.
std::vector<std::string> modelsBelow(const fs::path& folder)
{
    constexpr int deepest = 2;
    constexpr std::size_t most = 4;
    std::vector<std::string> found;
    std::error_code error;
    for (fs::recursive_directory_iterator it(folder, fs::directory_options::skip_permission_denied, error), end;
         !error && it != end && found.size() < most; it.increment(error)) {
        if (it.depth() > deepest)
            it.disable_recursion_pending();
        else if (it->path().filename() == "config.json" && it.depth() > 0)
            found.push_back(it->path().parent_path().string());
    }
    std::sort(found.begin(), found.end());
    return found;
}

} // namespace

std::string adviceWithoutConfig(const fs::path& folder)
{
    std::error_code ignored;
    if (!fs::exists(folder, ignored)) {
        const auto name = folder.filename().string();
        return "there is no such folder; models are not downloaded: fetch it first, for example with \"huggingface-cli "
               "download ORGANISATION/" +
               (name.empty() ? "NAME" : name) + "\", and name that folder";
    }
    if (!fs::is_directory(folder, ignored))
        return "it is a file: name the folder that holds it together with the model's config.json";
    if (const auto lost = lostLink(folder / "config.json"); !lost.empty())
        return lost + ": fetch the model again, or copy it with the files that its links lead to (cp -rL)";
    if (const auto snapshot = snapshotIn(folder); !snapshot.empty())
        return "it is a repository in Hugging Face's cache: name its snapshot " + snapshot.string();
    if (const auto found = modelsBelow(folder); !found.empty()) {
        std::string text = "name the folder of the model itself: ";
        for (std::size_t i = 0; i < found.size(); ++i)
            text += (i == 0 ? "" : " or ") + found[i];
        return text;
    }
    std::vector<std::string> weights;
    for (fs::directory_iterator it(folder, ignored), end; it != end; it.increment(ignored)) {
        const auto name = it->path().filename().string();
        if (name.ends_with(".safetensors") || isTorchName(name))
            weights.push_back(name);
    }
    std::sort(weights.begin(), weights.end());
    if (!weights.empty())
        return "it holds the weights " + listed(weights) +
               " but not the config.json that says how they are used: copy it from the Hugging Face folder of the same "
               "model (docs/encoders.md lists them)";
    return "put the model there: a folder in Hugging Face layout, with config.json and weights";
}

} // namespace nanodit
