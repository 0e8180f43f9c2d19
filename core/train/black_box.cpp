#include "core/train/black_box.h"

#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/runs/catalogue.h"
#include "core/runs/step_metrics.h"
#include "core/runtime/error.h"

#include <ATen/ATen.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <optional>
#include <system_error>

namespace nanodit {

namespace fs = std::filesystem;

namespace {

fs::path fileOf(const fs::path& runFolder, std::int64_t step)
{
    return runFolder / "nonfinite" / (checkpointName(step) + ".json");
}

/// JSON has no infinities: they and not-a-number become their names.
nlohmann::ordered_json numberOrName(double value)
{
    if (std::isfinite(value))
        return value;
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

nlohmann::ordered_json toJson(const MicroBatchRecord& record)
{
    auto samples = nlohmann::ordered_json::array();
    for (std::size_t i = 0; i < record.ids.size(); ++i) {
        nlohmann::ordered_json sample = {{"id", record.ids[i]},
                                         {"t", record.times[i]},
                                         {"dropped", dropNames[static_cast<std::size_t>(record.drops[i])]}};
        sample["loss"] = i < record.losses.size() ? numberOrName(record.losses[i]) : nlohmann::ordered_json();
        samples.push_back(std::move(sample));
    }
    return {{"bucket", bucketName(record.bucket)}, {"samples", std::move(samples)}};
}

double sumOfSquares(const at::Tensor& tensor)
{
    const double norm = tensor.defined() ? at::linalg_vector_norm(tensor).item<double>() : 0;
    return norm * norm;
}

} // namespace

std::vector<std::string> MicroBatchRecord::unsound() const
{
    std::vector<std::string> found;
    for (std::size_t i = 0; i < losses.size(); ++i) {
        if (!std::isfinite(losses[i]))
            found.push_back(ids[i]);
    }
    return found;
}

void writeBlackBox(const fs::path& runFolder, const StepRecord& record, const Parameters& parameters)
{
    const at::NoGradGuard noGradient;
    struct Sums {
        std::string part;
        double weights = 0, gradients = 0;
    };
    std::vector<Sums> parts;
    for (const auto& [name, value] : parameters) {
        if (parts.empty() || parts.back().part != partOf(name))
            parts.push_back({.part = partOf(name)});
        parts.back().weights += sumOfSquares(value.detach());
        parts.back().gradients += sumOfSquares(value.grad());
    }
    nlohmann::ordered_json json = {
        {"format", 1}, {"step", record.step}, {"position", record.position}, {"skipped", record.skipped}};
    for (const auto& microBatch : record.microBatches)
        json["micro_batches"].push_back(toJson(microBatch));
    for (const auto& sums : parts)
        json["norms"].push_back(
            {{"part", sums.part},
             {record.skipped ? "weights_before" : "weights_after", numberOrName(std::sqrt(sums.weights))},
             {"gradients", numberOrName(std::sqrt(sums.gradients))}});
    writeFileAtomically(fileOf(runFolder, record.step), dumpForeignJson(json, 1) + "\n");
}

std::vector<std::int64_t> blackBoxSteps(const fs::path& runFolder)
{
    std::vector<std::int64_t> steps;
    std::error_code error;
    for (fs::directory_iterator entry(runFolder / "nonfinite", error), end; !error && entry != end;
         entry.increment(error)) {
        if (entry->path().extension() != ".json")
            continue;
        if (const auto step = checkpointStep(entry->path().stem().string()))
            steps.push_back(*step);
    }
    std::sort(steps.begin(), steps.end());
    return steps;
}

StepRecord readBlackBox(const fs::path& runFolder, std::int64_t step)
{
    const auto file = fileOf(runFolder, step);
    const auto json = nlohmann::json::parse(readTextFile(file), nullptr, false);
    if (!json.is_object() || !json.contains("position") || !json["position"].is_number_integer())
        throw DataError(file.string() + " is damaged: it does not say where in the data its step began");
    const auto skipped = json.find("skipped"); // earlier versions did not say, and nearly always it was
    return {.step = step,
            .position = json["position"].get<std::int64_t>(),
            .skipped = skipped == json.end() || !skipped->is_boolean() || skipped->get<bool>(),
            .microBatches = {}};
}

std::string partOf(const std::string& parameterName)
{
    auto end = parameterName.find('.');
    if (parameterName.starts_with("blocks.") && end != std::string::npos)
        end = parameterName.find('.', end + 1);
    return parameterName.substr(0, end);
}

} // namespace nanodit
