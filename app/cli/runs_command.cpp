#include "app/cli/commands.h"
#include "app/cli/shared_options.h"
#include "core/config/workspace_config.h"
#include "core/front/runs.h"
#include "core/front/training.h"
#include "core/front/validation.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <utility>

namespace nanodit::cli {

namespace {

/// What is changed of one run.
struct RunEdits {
    std::string note, newName;
    std::vector<std::string> tags;
    CLI::Option *noteGiven = nullptr, *tagsGiven = nullptr, *newNameGiven = nullptr;

    bool any() const { return *noteGiven || *tagsGiven || *newNameGiven; }
};

/// Warns of a damaged file.
RunNotes notesOf(const RunInfo& run)
{
    auto found = readRunNotes(run.folder);
    if (!found.damage.empty())
        std::fprintf(stderr, "warning: %s\n", found.damage.c_str());
    return std::move(found.value);
}

nlohmann::json toJson(const RunOverview& run)
{
    const auto notes = notesOf(run.run);
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
                           {"validated_raw", run.validatedRaw},
                           {"patches_break_through", nullptr},
                           {"note", notes.note},
                           {"tags", notes.tags},
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
std::vector<RunInfo> chosen(const Workspace& workspace, const std::vector<std::string>& names)
{
    const auto runs = listRuns(workspace);
    std::vector<RunInfo> found;
    for (const auto& name : names) {
        const auto run = std::ranges::find(runs, name, &RunInfo::name);
        if (run == runs.end())
            throw UsageError("there is no run \"" + name + "\" in the workspace" + nearestRun(workspace, name));
        found.push_back(*run);
    }
    return names.empty() ? runs : found;
}

/// Gives the name that the run has then.
std::string edit(const Workspace& workspace, const std::string& name, const RunEdits& edits)
{
    auto run = chosen(workspace, {name}).front();
    if (*edits.newNameGiven) { // first: it may be refused, and then nothing is changed
        renameRun(workspace, name, edits.newName);
        run = chosen(workspace, {edits.newName}).front();
    }
    auto notes = notesOf(run);
    if (*edits.noteGiven)
        notes.note = edits.note;
    if (*edits.tagsGiven) {
        notes.tags = edits.tags;
        std::erase(notes.tags, std::string()); // what CLI11 makes of --tags without any
    }
    writeRunNotes(run.folder, notes);
    return run.name;
}

/// What is asked about the checkpoints of one run, or changed in them.
struct CheckpointEdits {
    bool list = false;
    std::vector<std::int64_t> star, unstar; ///< Steps.

    bool any() const { return list || !star.empty() || !unstar.empty(); }
};

std::int64_t bytesOf(const std::filesystem::path& folder)
{
    std::int64_t bytes = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
        bytes += entry.is_regular_file() ? static_cast<std::int64_t>(entry.file_size()) : 0;
    return bytes;
}

void runCheckpoints(const Workspace& workspace, const std::string& name, const CheckpointEdits& edits, Options& options)
{
    const auto run = chosen(workspace, {name}).front();
    const auto foldersOf = [&run](const std::vector<std::int64_t>& steps) {
        std::vector<std::filesystem::path> folders;
        for (const auto step : steps) {
            folders.push_back(run.folder / "checkpoints" / checkpointName(step));
            if (std::find(run.checkpoints.begin(), run.checkpoints.end(), folders.back()) == run.checkpoints.end())
                throw UsageError("the run \"" + run.name + "\" has no checkpoint of step " + std::to_string(step) +
                                 ": \"nanodit runs " + run.name + " --checkpoints\" lists them");
        }
        return folders;
    };
    const auto starred = foldersOf(edits.star), unstarred = foldersOf(edits.unstar); // before anything is changed
    for (const auto& folder : starred)
        starCheckpoint(folder, true);
    for (const auto& folder : unstarred)
        starCheckpoint(folder, false);
    SavingConfig rule;
    try {
        rule = readTrainConfig(run.folder / "config.yaml").saving;
    } catch (const Error& error) { // missing, damaged or of another version
        printNote(options.output,
                  std::string("the usual rule is assumed, since the run's own is not known: ") + error.what());
    }
    std::vector<std::vector<std::string>> rows = {{"step", "MB", "kept as"}};
    auto list = nlohmann::json::array();
    for (const auto& standing : checkpointStandings(run.folder, rule)) {
        std::string reasons;
        auto keptAs = nlohmann::json::array();
        for (const auto reason : standing.reasons) {
            reasons += (reasons.empty() ? "" : ", ") + keptAsText(reason, rule);
            keptAs.push_back(keptAsText(reason, rule));
        }
        const auto bytes = bytesOf(standing.folder);
        rows.push_back({std::to_string(standing.step), decimalText(static_cast<double>(bytes) / 1e6, 1),
                        reasons.empty() ? "- (removed after the next one)" : reasons});
        list.push_back(
            {{"step", standing.step}, {"folder", standing.folder.string()}, {"bytes", bytes}, {"kept_as", keptAs}});
    }
    printResult(options.output, rows.size() > 1 ? table(rows) : "no checkpoints yet\n",
                {{"run", run.name}, {"checkpoints", list}});
}

void runRuns(std::vector<std::string> names, const RunEdits& edits, const CheckpointEdits& checkpoints,
             Options& options)
{
    if (checkpoints.any() && edits.any())
        throw UsageError("--checkpoints, --star and --unstar cannot be combined with --note, --tags and --rename: "
                         "run the command once for each");
    if (checkpoints.any() && names.size() != 1)
        throw UsageError("--checkpoints, --star and --unstar are for one run: name it");
    if (edits.any() && names.size() != 1)
        throw UsageError("--note, --tags and --rename are for one run: name it");
    const auto workspace = Workspace::open(options.workspace);
    if (checkpoints.any())
        return runCheckpoints(workspace, names.front(), checkpoints, options);
    if (edits.any())
        names.front() = edit(workspace, names.front(), edits);
    const auto infos = chosen(workspace, names);
    const auto runs = overviewRuns(infos);
    std::vector<std::vector<std::string>> rows = {
        {"run", "state", "steps", "time", "loss", "samples/s", "measured", "MB"}};
    nlohmann::json json = {{"runs", nlohmann::json::array()}, {"differences", nlohmann::json::array()}};
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
    const auto edits = std::make_shared<RunEdits>();
    edits->noteGiven = command->add_option("--note", edits->note, "A note on this run; empty removes it");
    edits->tagsGiven = addTags(*command, edits->tags);
    edits->newNameGiven = command->add_option("--rename", edits->newName, "Another name for this run");
    const auto checkpoints = std::make_shared<CheckpointEdits>();
    command->add_flag("--checkpoints", checkpoints->list, "List the checkpoints of this run and why each is kept");
    command->add_option("--star", checkpoints->star, "Keep the checkpoint of this step permanently")
        ->allow_extra_args(false) // so that a name may follow
        ->check(notNegative());
    command->add_option("--unstar", checkpoints->unstar, "Remove the star from the checkpoint of this step")
        ->allow_extra_args(false)
        ->check(notNegative());
    command->callback([names, edits, checkpoints, &options] { runRuns(*names, *edits, *checkpoints, options); });
}

} // namespace nanodit::cli
