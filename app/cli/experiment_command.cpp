#include "app/cli/commands.h"
#include "app/cli/shared_options.h"
#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/front/experiment.h"
#include "core/front/training.h"
#include "core/io/atomic_file.h"

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
    request.config = readTrainConfig(configurationFile(arguments.config));
    for (const auto& assignment : arguments.set)
        setField(assignment, [&request](FieldVisitor& v) { request.config.visit(v); });
    if (arguments.steps > 0)
        request.config.schedule.steps = arguments.steps;
    throwIfAny(request.config.validate(), "the training configuration");
    std::optional<ExperimentReport> report;
    request.finished = [&report](const ExperimentReport& made) { report = made; };
    if (runJob(*makeExperimentJob(request), options.output) == JobEnd::Cancelled)
        return;
    std::string text;
    for (const auto& answer : report->answers)
        text += answer.question + "\n  " + answer.answer + "\n";
    printResult(options.output, text + (report->folder / "report.html").string() + "\n",
                nlohmann::json::parse(readTextFile(report->folder / "report.json")));
}

} // namespace

void registerExperiment(CLI::App& app, Options& options)
{
    auto* const experiment = app.add_subcommand("experiment", "Train and compare models that differ in one thing");
    experiment->require_subcommand(1);
    auto* const command = experiment->add_subcommand(
        "patches-vs-cls",
        "Compare DINO patches with CLS alone, with and without their places, and with misaligned patches, on demo "
        "scenes");
    const auto a = std::make_shared<ExperimentArguments>();
    auto& request = a->request;
    command->add_option("-c,--config", a->config, "Configuration of all arms: a YAML file, or demo, base or plan")
        ->capture_default_str();
    command->add_option("--set", a->set, "Change a setting of all arms: --set data.batch_size=8")->take_all();
    command->add_option("--steps", a->steps, "Optimiser steps of every model, instead of schedule.steps")
        ->check(positive());
    command->add_option("--seeds", request.seeds, "Models for each arm, with the seeds from 1 to this number")
        ->check(wholeNumber(1, 1000))
        ->capture_default_str();
    std::vector<std::string> names;
    for (const auto& arm : patchesVsClsArms())
        names.push_back(arm.name);
    command->add_option("--arms", request.arms, "Arms to train and compare (default: all)")
        ->delimiter(',')
        ->check(CLI::IsMember(names));
    addCount(*command, request.validation.records, "Validation scenes that every model generates", positive(),
             {"--records"});
    addSamplerSteps(*command, request.validation.steps);
    command->add_option("--sample-seed", request.validation.seed, "Seed of the first scene's noise")
        ->check(seedNumber())
        ->capture_default_str();
    command->add_flag("--report", request.reportOnly,
                      "Train nothing; report the seeds that every arm has finished so far");
    command->add_option("-o,--out", request.folder,
                        "Folder of the experiment (default: experiments/patches-vs-cls in the workspace)");
    command->callback([a, &options] { runPatchesVsCls(*a, options); });
}

} // namespace nanodit::cli
