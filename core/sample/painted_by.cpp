#include "core/sample/painted_by.h"

#include "core/io/foreign_text.h"
#include "core/io/json_fault.h"
#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit {

namespace fs = std::filesystem;

namespace {
constexpr const char* modelKeyword = "nanodit-model";
} // namespace

std::string nameOf(const PaintedBy& model)
{
    return model.run + ", step " + std::to_string(model.step);
}

PngText textOf(const PaintedBy& model)
{
    const nlohmann::ordered_json json = {{"run", model.run},
                                         {"step", model.step},
                                         {"weights", model.averaged ? "ema" : "model"},
                                         {"sha256", model.sha256}};
    return {{modelKeyword, dumpForeignJson(json, -1)}};
}

std::optional<PaintedBy> paintedByOfPng(const fs::path& file)
{
    const auto text = readPngText(file);
    const auto found = text.find(modelKeyword);
    if (found == text.end())
        return std::nullopt;
    try {
        const auto json = nlohmann::json::parse(found->second);
        return PaintedBy{.run = json.at("run"),
                         .step = json.at("step"),
                         .averaged = json.at("weights") == "ema",
                         .sha256 = json.at("sha256")};
    } catch (const nlohmann::json::exception& error) {
        throw DataError(file.string() + " has a damaged entry for the model that generated it (" + jsonFault(error) +
                        "): choose a model by hand");
    }
}

std::optional<fs::path> findCheckpoint(const std::vector<RunInfo>& runs, const PaintedBy& model,
                                       const JobContext& context)
{
    if (model.sha256.empty()) // its file was gone before it was read
        return std::nullopt;
    std::vector<fs::path> candidates;
    for (const auto& run : runs) {
        for (const auto& checkpoint : run.checkpoints) {
            if (checkpointStep(checkpoint.filename().string()) == model.step)
                candidates.insert(run.name == model.run ? candidates.begin() : candidates.end(), checkpoint);
        }
    }
    for (const auto& checkpoint : candidates) {
        const auto usual = weightsFile(checkpoint);
        const auto file = checkpoint / (model.averaged ? "ema.safetensors" : "model.safetensors");
        std::error_code gone;
        if (!fs::exists(file, gone))
            continue;
        const auto hash = sha256OfFile(file, [&context](std::size_t) { return !context.shouldStop(); });
        if (!hash)
            return std::nullopt;
        if (*hash == model.sha256)
            return file == usual ? checkpoint : file;
    }
    return std::nullopt;
}

} // namespace nanodit
