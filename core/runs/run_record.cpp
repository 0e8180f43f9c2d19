#include "core/runs/run_record.h"

#include "core/runs/metrics_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

fs::path historyOf(const fs::path& runFolder)
{
    return runFolder / "history.jsonl";
}

std::optional<std::int64_t> stepOf(const nlohmann::json& json)
{
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number_integer())
        return std::nullopt;
    return json["step"].get<std::int64_t>();
}

std::optional<ValidationMeans> validationFrom(const nlohmann::json& json)
{
    const auto step = stepOf(json);
    if (!step || !json.contains("validation") || !json["validation"].is_object())
        return std::nullopt;
    ValidationMeans validation{.step = *step, .means = {}};
    for (const auto& [task, metrics] : json["validation"].items()) {
        if (!metrics.is_object())
            continue;
        for (const auto& [metric, value] : metrics.items())
            validation.means.emplace_back(task + "/" + metric, value.is_number()
                                                                   ? value.get<double>()
                                                                   : std::numeric_limits<double>::quiet_NaN());
    }
    return validation;
}

std::optional<Resumption> resumptionFrom(const nlohmann::json& json)
{
    const auto step = stepOf(json);
    if (!step || !json.contains("resumed") || !json["resumed"].is_object())
        return std::nullopt;
    Resumption resumption{.step = *step, .changed = {}};
    for (const auto& [key, values] : json["resumed"].items()) {
        FieldDifference difference{.key = key, .values = {}};
        for (const auto& value : values) {
            if (value.is_string())
                difference.values.push_back(value.get<std::string>());
        }
        if (difference.values.size() == 2)
            resumption.changed.push_back(std::move(difference));
    }
    return resumption;
}

} // namespace

RunRecord readRunRecord(const fs::path& runFolder, std::uint64_t begin, std::uint64_t bytes)
{
    RunRecord record{.steps = {}, .validations = {}, .end = begin};
    std::ifstream stream(runFolder / "metrics.jsonl", std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(begin));
    for (std::string line; std::getline(stream, line);) {
        const auto json = nlohmann::json::parse(line, nullptr, false);
        const bool cutOff = stream.eof(); // no line end
        if (cutOff && json.is_discarded())
            break; // it is being written
        record.end += line.size() + (cutOff ? 0 : 1);
        if (auto validation = validationFrom(json))
            record.validations.push_back(std::move(*validation));
        else if (auto metrics = stepMetricsFromJson(line))
            record.steps.push_back(std::move(*metrics));
        if (record.end - begin >= bytes) {
            record.complete = stream.peek() == std::ifstream::traits_type::eof();
            break;
        }
    }
    return record;
}

void appendResumption(const fs::path& runFolder, const Resumption& resumption)
{
    nlohmann::ordered_json json = {{"step", resumption.step}, {"resumed", nlohmann::ordered_json::object()}};
    for (const auto& [key, values] : resumption.changed)
        json["resumed"][key] = values;
    std::ofstream stream(historyOf(runFolder), std::ios::app);
    stream << json.dump() << "\n" << std::flush;
    if (!stream)
        throw StoreError(historyOf(runFolder).string() +
                         " could not be written: make room on the disk, then resume the run");
}

std::vector<Resumption> readResumptions(const fs::path& runFolder)
{
    std::vector<Resumption> resumptions;
    std::ifstream stream(historyOf(runFolder));
    for (std::string line; std::getline(stream, line);) {
        if (auto resumption = resumptionFrom(nlohmann::json::parse(line, nullptr, false)))
            resumptions.push_back(std::move(*resumption));
    }
    return resumptions;
}

} // namespace nanodit
