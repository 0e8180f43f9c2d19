#include "core/experiment/model_numbers.h"

#include "core/inspect/attention_session.h"
#include "core/io/atomic_file.h"
#include "core/io/json_fault.h"
#include "core/runs/metrics_file.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <utility>

namespace nanodit {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::array flowTimes = {0.9, 0.7, 0.5, 0.3};
/// Of a training's last steps, so many make a unit: few enough that most hold a sample of each category, which then
/// counts by its samples.
constexpr std::int64_t stepsOfLoss = 200, stepsOfUnit = 20;

void addValidation(const ValidationReport& report, ModelNumbers& model)
{
    for (const auto& picture : report.pictures) {
        const std::string task = validationTaskNames[static_cast<std::size_t>(picture.task)];
        for (const auto& [metric, value] : picture.values)
            model.values[task + "." + metric][picture.record] = value;
    }
}

/// What 0 samples and a loss that is not a number add up to is left out.
void addLosses(const std::vector<StepMetrics>& steps, ModelNumbers& model)
{
    struct Sum {
        double loss = 0;
        std::int64_t samples = 0;
    };
    std::map<std::pair<std::size_t, std::int64_t>, Sum> sums; // by category and first step of the unit
    const auto last = steps.empty() ? 0 : steps.back().step;
    for (const auto& step : steps) {
        const auto before = last - step.step;
        if (before >= stepsOfLoss)
            continue;
        for (std::size_t i = 0; i < dropNames.size(); ++i) {
            if (step.samplesByDrop[i] == 0 || !std::isfinite(step.lossByDrop[i]))
                continue;
            auto& sum = sums[{i, last - before / stepsOfUnit * stepsOfUnit}];
            sum.loss += step.lossByDrop[i] * static_cast<double>(step.samplesByDrop[i]);
            sum.samples += step.samplesByDrop[i];
        }
    }
    for (const auto& [key, sum] : sums)
        model.values[std::string("loss.") + dropNames[key.first]]["steps to " + std::to_string(key.second)] =
            sum.loss / static_cast<double>(sum.samples);
}

void addAttention(const fs::path& file, ModelNumbers& model)
{
    const auto json = Json::parse(readTextFile(file), nullptr, false);
    try {
        for (const auto& record : json.at("records")) {
            std::map<std::string, std::pair<double, int>> sums;
            for (const auto& at : record.at("times")) {
                for (const auto* const name : {"text", "cls", "patches", "cls_even", "alignment"}) {
                    if (at.contains(name) && at.at(name).is_number()) {
                        sums[name].first += at.at(name).get<double>();
                        ++sums[name].second;
                    }
                }
            }
            for (const auto& [name, sum] : sums)
                model.values["attention." + name][record.at("id")] = sum.first / sum.second;
        }
    } catch (const Json::exception& error) {
        throw DataError(file.string() + " is damaged (" + jsonFault(error) +
                        "); remove it and run the experiment again");
    }
}

/// Mean over blocks and heads of column `column` of numbers [blocks, heads, width].
double meanOf(const AttentionNumbers& numbers, std::int64_t column)
{
    return numbers.of({}, {}).at(static_cast<std::size_t>(column));
}

} // namespace

ModelNumbers readModelNumbers(const std::string& arm, std::int64_t seed, const fs::path& validation,
                              const fs::path& run, const fs::path& attention)
{
    ModelNumbers model{.arm = arm, .seed = seed, .values = {}};
    addValidation(readValidationReport(validation), model);
    addLosses(readMetrics(run), model);
    addAttention(attention, model);
    return model;
}

bool measureModelAttention(const Workspace& workspace, const fs::path& checkpoint,
                           const std::vector<std::string>& records, const fs::path& file, const ComputeChoice& device,
                           const JobContext& context)
{
    const auto session = AttentionSession::open(workspace, checkpoint, device);
    ProgressMeter meter(context, Stage::InspectingRecords, static_cast<std::int64_t>(records.size()), Unit::Records);
    auto list = Json::array();
    for (const auto& id : records) {
        auto times = Json::array();
        for (const double t : flowTimes) {
            AttentionSubject subject;
            subject.record = id;
            subject.t = t;
            subject.picture = false;
            const auto scene = session->look(subject, context);
            const auto summaries = scene ? session->summaries(context) : std::nullopt;
            if (!summaries)
                return false;
            std::int64_t words = 0;
            for (const auto& word : scene->words)
                words += word.tokens;
            Json at = {{"t", t},
                       {"text", meanOf(summaries->shares, 0)},
                       {"cls", meanOf(summaries->shares, 1)},
                       {"patches", meanOf(summaries->shares, 2)},
                       {"cls_even", 1. / static_cast<double>(words + 1 + scene->patches.count())}};
            if (session->model().useDinoPatches)
                at["alignment"] = meanOf(summaries->alignment, 0);
            times.push_back(std::move(at));
        }
        list.push_back({{"id", id}, {"times", std::move(times)}});
        meter.advance();
    }
    writeFileAtomically(file, Json{{"records", std::move(list)}}.dump(1) + "\n");
    return true;
}

} // namespace nanodit
