#include "app/cli/commands.h"
#include "app/cli/config_choice.h"
#include "app/cli/number_checks.h"
#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/front/experiment.h"
#include "core/io/atomic_file.h"
#include "core/runtime/job.h"

#include <nlohmann/json.hpp>

namespace nanodit::cli {

namespace {

struct ExperimentArguments {
    std::string config = "demo";
    std::vector<std::string> set;
    std::int64_t steps = 0;
    ExperimentRequest request;
};

void runPatchesVsCls(ExperimentArguments arguments, Options& options)
{
    auto& request = arguments.request;
    request.workspace = Workspace::open(options.workspace);
    request.device = options.device;
    request.config = readTrainConfig(configFile(arguments.config));
    for (const auto& assignment : arguments.set)
        setField(assignment, [&request](FieldVisitor& v) { request.config.visit(v); });
    if (arguments.steps > 0)
        request.config.schedule.steps = arguments.steps;
    throwIfAny(request.config.validate(), "the training configuration");
    std::optional<ExperimentReport> report;
    request.finished = [&report](const ExperimentReport& made) { report = made; };
    if (runJob(*makeExperimentJob(request), options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    std::string text;
    for (const auto& answer : report->answers)
        text += answer.question + "\n  " + answer.answer + "\n";
    printResult(options.output, text + (report->folder / "report.html").string() + "\n",
                nlohmann::json::parse(readTextFile(report->folder / "report.json")));
}

} // namespace

void addExperimentCommand(CLI::App& app, Options& options)
{
    auto* const experiment = app.add_subcommand("experiment", "Train and compare models that differ in one thing");
    experiment->require_subcommand(1);
    auto* const command = experiment->add_subcommand(
        "patches-vs-cls", "DINO patches against CLS alone: placed, misaligned, dropped less often; on demo scenes");
    const auto a = std::make_shared<ExperimentArguments>();
    auto& request = a->request;
    command->add_option("-c,--config", a->config, "What all arms share: a YAML file, or demo or base")
        ->capture_default_str();
    command->add_option("--set", a->set, "Change a setting of all arms: --set data.batch_size=8")->take_all();
    command->add_option("--steps", a->steps, "Optimiser steps of every model, instead of schedule.steps")
        ->check(positive());
    command->add_option("--seeds", request.seeds, "Models of each arm, with the seeds 1 to this")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    std::vector<std::string> names;
    for (const auto& arm : patchesVsClsArms())
        names.push_back(arm.name);
    command->add_option("--arms", request.arms, "Which arms (default: all)")
        ->delimiter(',')
        ->check(CLI::IsMember(names));
    command->add_option("--records", request.validation.records, "Validation scenes that every model paints")
        ->check(positive())
        ->capture_default_str();
    command->add_option("--sampler-steps", request.validation.steps, "Sampler steps a picture")
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command->add_option("--sample-seed", request.validation.seed, "Of the first scene's noise")->capture_default_str();
    command->add_flag("--report", request.reportOnly,
                      "Train nothing: report the seeds that every arm has finished so far");
    command->add_option("-o,--out", request.folder,
                        "The experiment's folder (default: experiments/patches-vs-cls in the workspace)");
    command->callback([a, &options] { runPatchesVsCls(*a, options); });
}

} // namespace nanodit::cli
