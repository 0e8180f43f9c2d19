#include "core/validate/report_file.h"

#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/runs/catalogue.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr int formatVersion = 1;
constexpr std::array stateNames = {"met", "missed", "unknown"};

std::string taskName(ValidationTask task)
{
    return validationTaskNames[static_cast<std::size_t>(task)];
}

ValidationSettings settingsFrom(const Json& json)
{
    ValidationSettings settings;
    settings.tasks.clear();
    for (const auto& task : json.at("tasks"))
        settings.tasks.push_back(validationTaskFromName(task));
    settings.records = json.at("records");
    settings.steps = json.at("steps");
    settings.shift = json.at("shift");
    settings.shiftByBucket = json.value("shift_by_bucket", false);
    settings.textScale = json.at("text_scale");
    settings.dinoScale = json.at("dino_scale");
    if (json.value("guidance", "additive") == std::string("chained"))
        settings.guidance = GuidanceMode::Chained;
    settings.seed = json.at("seed");
    return settings;
}

Json toJson(const MetricSummary& summary)
{
    Json json = {{"task", taskName(summary.task)}, {"metric", summary.metric}, {"mean", summary.mean}};
    json["interval"] = summary.interval ? Json{summary.interval->low, summary.interval->high} : Json();
    json["n"] = summary.n;
    return json;
}

MetricSummary summaryFrom(const Json& json)
{
    MetricSummary summary{.task = validationTaskFromName(json.at("task")),
                          .metric = json.at("metric"),
                          .mean = json.at("mean"),
                          .interval = {},
                          .n = json.at("n")};
    if (const auto& interval = json.at("interval"); !interval.is_null())
        summary.interval = Interval{interval.at(0), interval.at(1)};
    return summary;
}

Json toJson(const ValidationPicture& picture)
{
    Json json = {{"task", taskName(picture.task)}, {"record", picture.record}, {"other", picture.other},
                 {"caption", picture.caption},     {"seed", picture.seed},     {"file", picture.file}};
    if (!picture.unchanged.empty())
        json["unchanged"] = picture.unchanged;
    if (!picture.erasedPatches.empty())
        json["erased_patches"] = picture.erasedPatches;
    if (!picture.nearest.empty())
        json["nearest"] = picture.nearest;
    json["values"] = picture.values;
    return json;
}

ValidationPicture pictureFrom(const Json& json)
{
    return {.task = validationTaskFromName(json.at("task")),
            .record = json.at("record"),
            .other = json.at("other"),
            .caption = json.at("caption"),
            .seed = json.at("seed"),
            .file = json.at("file"),
            .unchanged = json.value("unchanged", std::string()),
            .erasedPatches = json.value("erased_patches", std::vector<std::int64_t>()),
            .nearest = json.value("nearest", std::string()),
            .values = json.at("values")};
}

Milestone milestoneFrom(const Json& json)
{
    const std::string state = json.at("state");
    const auto found = std::find(stateNames.begin(), stateNames.end(), state) - stateNames.begin();
    return {.name = json.at("name"),
            .state = static_cast<Milestone::State>(std::min<std::ptrdiff_t>(found, 2)),
            .found = json.at("found"),
            .expected = json.at("expected")};
}

ValidationReport reportFrom(const Json& json)
{
    ValidationReport report;
    report.run = json.at("run");
    report.step = json.at("step");
    report.checkpoint = json.at("checkpoint");
    report.model = json.at("model");
    report.weights = json.value("weights", std::string());
    report.settings = settingsFrom(json.at("settings"));
    report.lpips = json.at("lpips");
    report.baseline = json.at("baseline");
    report.skippedSteps = json.at("skipped_steps");
    if (!json.at("loss").is_null())
        report.loss = json.at("loss").get<double>();
    for (const auto& summary : json.at("summaries"))
        report.summaries.push_back(summaryFrom(summary));
    for (const auto& milestone : json.at("milestones"))
        report.milestones.push_back(milestoneFrom(milestone));
    report.notes = json.at("notes");
    for (const auto& picture : json.at("pictures"))
        report.pictures.push_back(pictureFrom(picture));
    return report;
}

} // namespace

std::string originalFile(const std::string& record)
{
    return "originals/" + record + ".png";
}

Json toJson(const ValidationSettings& settings)
{
    auto tasks = Json::array();
    for (const auto task : settings.tasks)
        tasks.push_back(taskName(task));
    Json json = {{"tasks", tasks},          {"records", settings.records},      {"steps", settings.steps},
                 {"shift", settings.shift}, {"text_scale", settings.textScale}, {"dino_scale", settings.dinoScale}};
    // Told only where they are not as ever, so that plans from before there was a choice stay the same.
    if (settings.shiftByBucket)
        json["shift_by_bucket"] = true;
    if (settings.guidance == GuidanceMode::Chained)
        json["guidance"] = "chained";
    json["seed"] = settings.seed;
    return json;
}

Json toJson(const ValidationReport& report)
{
    Json json = {{"format", "nanodit-validation"},
                 {"version", formatVersion},
                 {"run", report.run},
                 {"step", report.step},
                 {"checkpoint", report.checkpoint},
                 {"model", report.model},
                 {"weights", report.weights},
                 {"settings", toJson(report.settings)},
                 {"lpips", report.lpips},
                 {"baseline", report.baseline},
                 {"skipped_steps", report.skippedSteps}};
    json["loss"] = report.loss ? Json(*report.loss) : Json();
    auto& summaries = json["summaries"] = Json::array();
    for (const auto& summary : report.summaries)
        summaries.push_back(toJson(summary));
    auto& milestones = json["milestones"] = Json::array();
    for (const auto& milestone : report.milestones)
        milestones.push_back({{"name", milestone.name},
                              {"state", stateNames[static_cast<std::size_t>(milestone.state)]},
                              {"found", milestone.found},
                              {"expected", milestone.expected}});
    json["notes"] = report.notes;
    auto& pictures = json["pictures"] = Json::array();
    for (const auto& picture : report.pictures)
        pictures.push_back(toJson(picture));
    return json;
}

ValidationReport readValidationReport(const fs::path& folder)
{
    const auto file = folder / "report.json";
    if (!fs::exists(file))
        throw DataError(file.string() + " is missing: no validation was finished there", remedy::Validate{});
    try {
        const auto json = Json::parse(readTextFile(file));
        if (json.at("format") != "nanodit-validation" || json.at("version") != formatVersion)
            throw DataError(file.string() + " is not a validation report of version " + std::to_string(formatVersion));
        auto report = reportFrom(json);
        report.folder = folder;
        return report;
    } catch (const nlohmann::json::exception& error) {
        throw DataError(file.string() + " is not a validation report (" + jsonFault(error) + ")",
                        remedy::Validate{.replace = true});
    }
}

std::vector<fs::path> listValidationReports(const Workspace& workspace)
{
    std::vector<fs::path> folders;
    for (const auto& run : listRuns(workspace)) {
        const auto own = validationReports(run);
        folders.insert(folders.end(), own.begin(), own.end());
    }
    return folders;
}

} // namespace nanodit
