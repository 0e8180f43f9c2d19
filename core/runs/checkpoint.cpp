#include "core/runs/checkpoint.h"

#include "core/config/json.h"
#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/io/json_fault.h"
#include "core/runs/catalogue.h"
#include "core/runtime/error.h"
#include "core/runtime/torch_version.h"

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr int format = 1;

nlohmann::ordered_json toJson(const CheckpointState& state)
{
    auto config = state.config;
    nlohmann::ordered_json json;
    json["format"] = format;
    json["run"] = state.run;
    json["step"] = state.step;
    json["sample_position"] = state.samplePosition;
    json["seed"] = state.config.seed;
    json["warm_started"] = state.warmStarted;
    json["text_tokens"] = state.textTokens;
    json["libtorch"] = builtTorchVersion();
    json["data_set"] = state.circumstances.dataSet;
    json["computed_on"] = state.circumstances.computedOn;
    json["processes"] = state.circumstances.ranks;
    json["dino_statistics"] = state.dino.empty() ? nlohmann::json() : state.dino.toJson();
    json["encoders"] = state.encoders;
    json["config"] = writeJson([&config](FieldVisitor& v) { config.visit(v); });
    return json;
}

TensorMap readPart(const fs::path& checkpoint, const char* name)
{
    const auto file = checkpoint / name;
    if (!fs::exists(file))
        throw DataError("the checkpoint " + checkpoint.string() + " lacks " + name +
                        ": it is damaged; use an older one of the run");
    return readTensors(file);
}

} // namespace

fs::path writeCheckpoint(const fs::path& runFolder, const CheckpointState& state, const CheckpointTensors& tensors)
{
    const auto target = runFolder / "checkpoints" / checkpointName(state.step);
    AtomicFolder folder(target);
    writeTensors(folder.path() / "model.safetensors", tensors.model);
    if (!tensors.ema.empty())
        writeTensors(folder.path() / "ema.safetensors", tensors.ema);
    if (!tensors.projector.empty())
        writeTensors(folder.path() / "projector.safetensors", tensors.projector);
    writeTensors(folder.path() / "optimizer.safetensors", tensors.optimiser);
    writeFileAtomically(folder.path() / "state.json", dumpForeignJson(toJson(state), 2) + "\n");
    folder.commitReplacing();
    return target;
}

CheckpointState readCheckpointState(const fs::path& checkpoint)
{
    const auto file = checkpoint / "state.json";
    const auto json = nlohmann::json::parse(readTextFile(file), nullptr, false);
    CheckpointState state;
    try {
        if (json.at("format") != format)
            throw DataError(file.string() + " has format " + json.at("format").dump() + ", but this program reads " +
                            std::to_string(format) + ": use a newer program");
        state.run = json.at("run");
        state.step = json.at("step");
        state.samplePosition = json.at("sample_position");
        state.warmStarted = json.at("warm_started");
        state.textTokens = json.at("text_tokens");
        if (!json.at("dino_statistics").is_null())
            state.dino = DinoStatistics::fromJson(json.at("dino_statistics"), file.string());
        state.encoders = json.at("encoders");
        state.circumstances = {.dataSet = json.value("data_set", ""), // earlier versions did not say
                               .libTorch = json.value("libtorch", ""),
                               .computedOn = json.value("computed_on", ""),
                               .ranks = json.value("processes", "")};
        readJson(json.at("config"), file.string(), [&state](FieldVisitor& v) { state.config.visit(v); });
        // How it was trained may have been allowed by an earlier version; what it is must make sense.
        auto issues = rangeIssues([&state](FieldVisitor& v) { state.config.visit(v); });
        std::erase_if(issues, [](const ConfigIssue& issue) { return !issue.key.starts_with("model."); });
        for (auto& issue : state.config.model.validate("model"))
            issues.push_back(std::move(issue));
        throwIfAny(issues, file.string());
    } catch (const nlohmann::json::exception& error) {
        throw DataError(file.string() + " is damaged (" + jsonFault(error) + "): use another checkpoint of the run");
    }
    return state;
}

CheckpointTensors readCheckpointTensors(const fs::path& checkpoint)
{
    const auto ifThere = [&checkpoint](const char* name) {
        return fs::exists(checkpoint / name) ? readPart(checkpoint, name) : TensorMap{};
    };
    return {.model = readPart(checkpoint, "model.safetensors"),
            .ema = ifThere("ema.safetensors"),
            .optimiser = readPart(checkpoint, "optimizer.safetensors"),
            .projector = ifThere("projector.safetensors")};
}

} // namespace nanodit
