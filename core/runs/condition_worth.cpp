#include "core/runs/condition_worth.h"

#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/io/json_fault.h"
#include "core/runs/catalogue.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <system_error>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

constexpr int worthFormat = 1;

fs::path worthFileOf(const fs::path& runFolder)
{
    return runFolder / "condition_worth.json";
}

} // namespace

EventFile::Scalars meansOf(const ConditionWorth& worth)
{
    EventFile::Scalars means;
    for (const bool training : {false, true}) {
        double count = 0, loss = 0, caption = 0, dino = 0, patches = 0;
        for (const auto& picture : worth.pictures) {
            if (picture.training != training)
                continue;
            ++count;
            loss += picture.loss;
            caption += picture.captionGain();
            dino += picture.dinoGain();
            patches += picture.patchGain();
        }
        if (count == 0)
            continue;
        const std::string split = training ? "worth/train/" : "worth/val/";
        means.emplace_back(split + "loss", loss / count);
        means.emplace_back(split + "caption_gain", caption / count);
        means.emplace_back(split + "dino_gain", dino / count);
        means.emplace_back(split + "patch_gain", patches / count);
    }
    return means;
}

void writeConditionWorth(const fs::path& runFolder, const ConditionWorth& worth)
{
    nlohmann::ordered_json json = {
        {"format", worthFormat}, {"run", worth.run}, {"step", worth.step}, {"weights", worth.weights}};
    auto& pictures = json["pictures"] = nlohmann::ordered_json::array();
    for (const auto& picture : worth.pictures)
        pictures.push_back({{"id", picture.id},
                            {"training", picture.training},
                            {"loss", picture.loss},
                            {"null_text", picture.nullText},
                            {"null_dino", picture.nullDino},
                            {"cls_only", picture.clsOnly}});
    writeFileAtomically(worthFileOf(runFolder), dumpForeignJson(json, 1) + "\n");
}

std::optional<ConditionWorth> readConditionWorth(const fs::path& runFolder)
{
    const auto file = worthFileOf(runFolder);
    std::error_code none;
    if (!fs::exists(file, none))
        return std::nullopt;
    try {
        const auto json = nlohmann::json::parse(readTextFile(file));
        if (json.at("format") != worthFormat)
            throw DataError(file.string() + " has format " + json.at("format").dump() + ", but this program reads " +
                            std::to_string(worthFormat) + ": measure what conditions are worth again");
        ConditionWorth worth{
            .run = json.at("run"), .step = json.at("step"), .weights = json.at("weights"), .pictures = {}};
        for (const auto& picture : json.at("pictures"))
            worth.pictures.push_back({.id = picture.at("id"),
                                      .training = picture.at("training"),
                                      .loss = picture.at("loss"),
                                      .nullText = picture.at("null_text"),
                                      .nullDino = picture.at("null_dino"),
                                      .clsOnly = picture.at("cls_only")});
        return worth;
    } catch (const nlohmann::json::exception& error) {
        throw DataError(file.string() + " is damaged (" + jsonFault(error) +
                        "): measure what conditions are worth again");
    }
}

std::optional<ConditionWorth> newestConditionWorth(const Workspace& workspace)
{
    std::optional<ConditionWorth> newest;
    auto newestTime = fs::file_time_type::min();
    for (const auto& run : listRuns(workspace)) {
        std::error_code none;
        const auto time = fs::last_write_time(worthFileOf(run.folder), none);
        if (none || (newest && time <= newestTime))
            continue;
        try {
            if (auto worth = readConditionWorth(run.folder)) {
                newest = std::move(worth);
                newestTime = time;
            }
        } catch (const DataError&) { // another run's may do
        }
    }
    return newest;
}

} // namespace nanodit
