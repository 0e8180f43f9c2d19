#include "app/cli/commands.h"
#include "core/config/workspace_config.h"
#include "core/front/training.h"
#include "core/front/validation.h"
#include "core/runtime/error.h"

#include <algorithm>

namespace nanodit::cli {

namespace {

nlohmann::json toJson(const RunOverview& run)
{
    nlohmann::json json = {{"run", run.run.name},
                           {"folder", run.run.folder.string()},
                           {"state", runStateName(run.state())},
                           {"steps", run.steps},
                           {"planned_steps", run.planned},
                           {"seconds", run.seconds},
                           {"loss", run.loss ? nlohmann::json(*run.loss) : nlohmann::json()},
                           {"samples_per_second", run.samplesPerSecond},
                           {"skipped", run.skipped},
                           {"bytes", run.bytes},
                           {"checkpoints", run.run.checkpoints.size()},
                           {"validated_step", run.validatedStep},
                           {"patches_break_through", nullptr},
                           {"measured", nlohmann::json::array()}};
    if (const auto& found = run.patchesBreakThrough)
        json["patches_break_through"] = *found;
    for (const auto& summary : run.measured)
        json["measured"].push_back({{"task", validationTaskNames[static_cast<std::size_t>(summary.task)]},
                                    {"metric", summary.metric},
                                    {"mean", summary.mean},
                                    {"n", summary.n}});
    return json;
}

/// Those of these names, in that order; all without names.
std::vector<RunOverview> chosen(std::vector<RunOverview> runs, const std::vector<std::string>& names)
{
    if (names.empty())
        return runs;
    std::vector<RunOverview> found;
    for (const auto& name : names) {
        const auto run = std::find_if(runs.begin(), runs.end(), [&](const auto& r) { return r.run.name == name; });
        if (run == runs.end())
            throw UsageError("there is no run \"" + name + "\" in the workspace: \"nanodit runs\" lists them");
        found.push_back(*run);
    }
    return found;
}

void runRuns(const std::vector<std::string>& names, Options& options)
{
    const auto runs = chosen(overviewRuns(Workspace::open(options.workspace)), names);
    std::vector<std::vector<std::string>> rows = {
        {"run", "state", "steps", "time", "loss", "samples/s", "measured", "MB"}};
    nlohmann::json json = {{"runs", nlohmann::json::array()}, {"differences", nlohmann::json::array()}};
    std::vector<RunInfo> infos;
    for (const auto& run : runs) {
        std::string measured = "-";
        if (!run.measured.empty()) {
            const auto& info = metricInfo(run.measured.front().metric);
            measured = info.label + " " + decimalText(run.measured.front().mean, info.decimals);
        }
        rows.push_back({run.run.name, runStateName(run.state()),
                        std::to_string(run.steps) + (run.planned > 0 ? "/" + std::to_string(run.planned) : ""),
                        run.seconds > 0 ? durationText(run.seconds) : "-", run.loss ? decimalText(*run.loss, 4) : "-",
                        run.samplesPerSecond > 0 ? decimalText(run.samplesPerSecond, 1) : "-", measured,
                        decimalText(static_cast<double>(run.bytes) / 1e6, 0)});
        json["runs"].push_back(toJson(run));
        infos.push_back(run.run);
    }
    auto text = runs.empty() ? std::string("no runs yet; \"nanodit train\" starts one\n") : table(rows);
    if (names.size() > 1) {
        rows = {{"setting"}};
        rows[0].insert(rows[0].end(), names.begin(), names.end());
        for (const auto& difference : configurationDifferences(infos)) {
            rows.push_back({difference.key});
            rows.back().insert(rows.back().end(), difference.values.begin(), difference.values.end());
            json["differences"].push_back({{"setting", difference.key}, {"values", difference.values}});
        }
        text += "\n" + (rows.size() > 1 ? table(rows) : "no differences in settings\n");
    }
    printResult(options.output, text, json);
}

} // namespace

void registerRuns(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("runs", "List runs with state, steps, time, loss, measurements and size");
    const auto names = std::make_shared<std::vector<std::string>>();
    command->add_option("RUNS", *names, "Only these runs; of two or more also the settings in which they differ");
    command->callback([names, &options] { runRuns(*names, options); });
}

} // namespace nanodit::cli
