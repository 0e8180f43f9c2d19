#include "core/runs/run_record.h"

#include "core/runs/metric_table.h"
#include "core/runs/metrics_file.h"
#include "core/runs/run_history.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <fstream>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

std::optional<std::int64_t> stepOf(const nlohmann::json& json)
{
    if (!json.is_object() || !json.contains("step") || !json["step"].is_number_integer())
        return std::nullopt;
    return json["step"].get<std::int64_t>();
}

/// All numbers below, named by their way: "reconstruction/ssim".
void addMeans(const nlohmann::json& json, const std::string& way, EventFile::Scalars& means)
{
    for (const auto& [key, value] : json.items()) {
        if (value.is_object())
            addMeans(value, way + key + "/", means);
        else
            means.emplace_back(way + key,
                               value.is_number() ? value.get<double>() : std::numeric_limits<double>::quiet_NaN());
    }
}

/// The number below "worth/val/loss"; null where there is none.
nlohmann::json numberAt(const nlohmann::json& json, const std::string& key)
{
    const auto slash = key.find('/');
    const auto found = json.is_object() ? json.find(key.substr(0, slash)) : json.end();
    if (!json.is_object() || found == json.end())
        return nullptr;
    return slash == std::string::npos ? *found : numberAt(*found, key.substr(slash + 1));
}

/// Parsing takes the most time, and hardly any line is of this kind.
bool mayHoldValidation(const std::string& line)
{
    return line.find("\"validation\"") != std::string::npos;
}

std::optional<IntervalValues> measuredFrom(const std::string& line)
{
    const auto json = nlohmann::json::parse(line, nullptr, false);
    const auto step = stepOf(json);
    if (!step || !json.contains("measured"))
        return std::nullopt;
    IntervalValues measured{.step = *step, .values = {}};
    for (const auto& metric : intervalMetricTable()) {
        if (const auto value = numberAt(json["measured"], metric.key); value.is_number())
            measured.values.emplace_back(metric.key, value.get<double>());
    }
    return measured;
}

Resumption resumptionFrom(const RunEvent& event)
{
    Resumption resumption{.step = event.step, .changed = {}};
    for (const auto& [key, values] : event.details.items()) {
        FieldDifference difference{.key = key, .values = {}};
        for (const auto& value : values)
            difference.values.push_back(value.is_string() ? value.get<std::string>() : value.dump());
        if (difference.values.size() == 2)
            resumption.changed.push_back(std::move(difference));
    }
    return resumption;
}

LossJump jumpFrom(const RunEvent& event)
{
    LossJump jump{.step = event.step, .text = event.text, .samples = {}};
    if (!event.details.is_object())
        return jump;
    if (const auto what = event.details.find("what"); what != event.details.end() && what->is_string())
        jump.text = what->get<std::string>(); // earlier versions kept the sentence with its samples alone
    const auto samples = event.details.find("samples");
    if (samples == event.details.end() || !samples->is_array())
        return jump;
    for (const auto& sample : *samples) {
        if (sample.is_string())
            jump.samples.push_back(sample.get<std::string>());
    }
    return jump;
}

} // namespace

std::optional<ValidationMeans> validationMeansFrom(const std::string& line)
{
    const auto json = nlohmann::json::parse(line, nullptr, false);
    const auto step = stepOf(json);
    if (!step || !json.contains("validation") || !json["validation"].is_object())
        return std::nullopt;
    ValidationMeans validation{.step = *step, .means = {}};
    for (const auto& [key, metrics] : json["validation"].items()) {
        if (metrics.is_object())
            addMeans(metrics, key + "/", validation.means);
    }
    return validation;
}

RunRecord readRunRecord(const fs::path& runFolder, std::uint64_t begin, std::uint64_t bytes)
{
    RunRecord record{.steps = {}, .validations = {}, .measured = {}, .end = begin};
    std::ifstream stream(runFolder / "metrics.jsonl", std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(begin));
    for (std::string line; std::getline(stream, line);) {
        const bool cutOff = stream.eof(); // no line end
        const bool maybeMeasured = line.find("\"measured\"") != std::string::npos;
        if (auto validation = mayHoldValidation(line) ? validationMeansFrom(line) : std::nullopt)
            record.validations.push_back(std::move(*validation));
        else if (auto measured = maybeMeasured ? measuredFrom(line) : std::nullopt)
            record.measured.push_back(std::move(*measured));
        else if (auto metrics = stepMetricsFromJson(line))
            record.steps.push_back(std::move(*metrics));
        else if (cutOff)
            break; // it is being written
        record.end += line.size() + (cutOff ? 0 : 1);
        if (record.end - begin >= bytes) {
            record.complete = stream.peek() == std::ifstream::traits_type::eof();
            break;
        }
    }
    return record;
}

std::vector<ValidationMeans> readValidations(const fs::path& runFolder)
{
    std::vector<ValidationMeans> validations;
    const auto file = runFolder / "metrics.jsonl";
    std::error_code unanswered; // where it cannot be seen whether there is one
    std::ifstream stream(file, std::ios::binary);
    const bool opened = stream.is_open() || (!fs::exists(file, unanswered) && !unanswered);
    for (std::string line; std::getline(stream, line);) {
        if (auto validation = mayHoldValidation(line) ? validationMeansFrom(line) : std::nullopt)
            validations.push_back(std::move(*validation));
    }
    if (!opened || stream.bad())
        throw DataError(file.string() + " could not be read to its end: check its disk or network");
    return validations;
}

std::vector<Resumption> readResumptions(const fs::path& runFolder)
{
    std::vector<Resumption> resumptions;
    for (const auto& event : readRunHistory(runFolder)) {
        if (event.kind == "resumed")
            resumptions.push_back(resumptionFrom(event));
    }
    return resumptions;
}

std::vector<LossJump> readLossJumps(const fs::path& runFolder)
{
    std::vector<LossJump> jumps;
    for (const auto& event : readRunHistory(runFolder)) {
        if (event.kind == "resumed")
            std::erase_if(jumps, [&event](const LossJump& jump) { return jump.step > event.step; });
        else if (event.kind == "spike")
            jumps.push_back(jumpFrom(event));
    }
    return jumps;
}

} // namespace nanodit
