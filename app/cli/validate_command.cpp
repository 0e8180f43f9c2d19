#include "app/cli/checkpoint_choice.h"
#include "app/cli/commands.h"
#include "app/cli/shared_options.h"
#include "app/cli/validation_report.h"
#include "core/config/workspace_config.h"
#include "core/front/validation.h"
#include "core/io/atomic_file.h"

namespace nanodit::cli {

namespace {

struct ValidateArguments {
    CheckpointOptions model;
    std::vector<std::string> tasks;
    std::string baseline;
    ValidateRequest request;
};

std::string textOf(const ValidationReport& report)
{
    std::vector<std::vector<std::string>> rows = {{"task", "metric", "mean", "95 % interval", "n"}};
    for (const auto& summary : report.summaries) {
        const auto& info = metricInfo(summary.metric);
        rows.push_back({validationTaskNames[static_cast<std::size_t>(summary.task)], info.label,
                        decimalText(summary.mean, info.decimals), intervalText(summary.interval, info.decimals),
                        std::to_string(summary.n)});
    }
    auto text = "weights: " + report.weights + "\n\n" + table(rows) + "\n";
    constexpr std::array states = {"met", "missed", "unknown"};
    rows = {{"check", "state", "found"}};
    for (const auto& milestone : report.milestones)
        rows.push_back({milestone.name, states[static_cast<std::size_t>(milestone.state)], milestone.found});
    text += table(rows) + "\n";
    for (const auto& note : report.notes)
        text += note + "\n";
    return text + (report.folder / "report.html").string() + "\n";
}

void runValidate(ValidateArguments arguments, Options& options)
{
    auto& request = arguments.request;
    request.workspace = Workspace::open(options.workspace);
    request.device = options.device;
    request.checkpoint = arguments.model.choose(request.workspace);
    if (!arguments.baseline.empty())
        request.baseline = reportFolder(request.workspace, arguments.baseline);
    if (!arguments.tasks.empty()) {
        request.settings.tasks.clear();
        for (const auto& name : arguments.tasks)
            request.settings.tasks.push_back(validationTaskFromName(name));
    }
    std::optional<ValidationReport> report;
    request.finished = [&report](const ValidationReport& made) { report = made; };
    if (runJob(*makeValidateJob(request), options.output) == JobEnd::Cancelled)
        return;
    printResult(options.output, textOf(*report), nlohmann::json::parse(readTextFile(report->folder / "report.json")));
}

} // namespace

void registerValidate(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("validate", "Measure a model on the validation split: a page and a JSON");
    const auto a = std::make_shared<ValidateArguments>();
    auto& settings = a->request.settings;
    a->model.addTo(*command);
    command->add_option("--tasks", a->tasks, validationTaskList() + " (default: all)")->delimiter(',');
    addCount(*command, settings.records, "Records of the validation split to measure on", positive(), {"--records"});
    addSamplerSteps(*command, settings.steps, {"--steps"});
    addShift(*command, settings.shift);
    addScales(*command, settings.textScale, settings.dinoScale);
    addGuidance(*command, settings.guidance);
    addSeed(*command, settings.seed, "Seed of the first record's noise");
    command->add_option("--baseline", a->baseline, "A validated run, or the folder of a validation, to compare with");
    command->add_option("--lpips", a->request.lpips, "Folder with LPIPS weights (default: the workspace's)");
    command->add_option("--lpips-net", a->request.lpipsNet, "alex, vgg or squeeze")
        ->check(CLI::IsMember({"alex", "vgg", "squeeze"}))
        ->capture_default_str();
    command->add_option("-o,--out", a->request.folder,
                        "Folder of the report (default: validation/STEP in the run's folder)");
    command->add_flag("--overwrite", a->request.overwrite, "Replace a validation with other settings");
    command->callback([a, &options] { runValidate(*a, options); });
}

} // namespace nanodit::cli
