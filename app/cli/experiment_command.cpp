#include "app/cli/commands.h"
#include "app/cli/shared_options.h"
#include "core/config/train_config.h"
#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/front/experiment.h"
#include "core/front/training.h"
#include "core/front/validation.h"
#include "core/io/atomic_file.h"

namespace nanodit::cli {

namespace {

struct ExperimentArguments {
    std::string config;
    std::vector<std::string> set;
    std::vector<std::string> arms; ///< Of a sweep.
    std::vector<std::string> tasks;
    std::int64_t steps = 0;
    ExperimentRequest request;
};

void runExperiment(ExperimentArguments arguments, Options& options)
{
    auto& request = arguments.request;
    request.workspace = Workspace::open(options.workspace);
    request.device = options.device;
    const auto config = arguments.config.empty() ? suitableConfiguration(request.workspace) : arguments.config;
    request.config = readTrainConfig(configurationFile(config));
    for (const auto& assignment : arguments.set)
        setField(assignment, [&request](FieldVisitor& v) { request.config.visit(v); });
    if (arguments.steps > 0)
        request.config.schedule.steps = arguments.steps;
    throwIfAny(request.config.validate(), "the training configuration");
    request.validation.shift = request.config.flow.shift; // pictures are made as the models are trained
    request.validation.shiftByBucket = request.config.flow.shiftByBucket;
    for (const auto& arm : arguments.arms)
        request.sweep.push_back(sweepArm(arm));
    if (!arguments.tasks.empty()) {
        request.validation.tasks.clear();
        for (const auto& name : arguments.tasks)
            request.validation.tasks.push_back(validationTaskFromName(name));
    }
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

/// What both have.
void addCommonOptions(CLI::App& command, ExperimentArguments& a)
{
    auto& request = a.request;
    command.add_option("--set", a.set, "Change a setting of all arms: --set data.batch_size=8")->take_all();
    command.add_option("--steps", a.steps, "Optimiser steps of every model, instead of schedule.steps")
        ->check(positive());
    command.add_option("--seeds", request.seeds, "Models for each arm, with the seeds from 1 to this number")
        ->check(wholeNumber(1, 1000))
        ->capture_default_str();
    addCount(command, request.validation.records, "Validation records that every model generates", positive(),
             {"--records"});
    addSamplerSteps(command, request.validation.steps);
    command.add_option("--sample-seed", request.validation.seed, "Seed of the first record's noise")
        ->check(seedNumber())
        ->capture_default_str();
    command.add_flag("--report", request.reportOnly,
                     "Train nothing; report the seeds that every arm has finished so far");
}

} // namespace

void registerExperiment(CLI::App& app, Options& options)
{
    auto* const experiment = app.add_subcommand("experiment", "Train and compare models that differ in one thing");
    experiment->require_subcommand(1);
    auto* const patches = experiment->add_subcommand(
        "patches-vs-cls",
        "Compare DINO patches with CLS alone, with and without their places, and with misaligned patches, on demo "
        "scenes");
    const auto a = std::make_shared<ExperimentArguments>();
    a->config = "demo";
    patches->add_option("-c,--config", a->config, "Configuration of all arms: a YAML file, or demo, base or plan")
        ->capture_default_str();
    addCommonOptions(*patches, *a);
    std::vector<std::string> names;
    for (const auto& arm : patchesVsClsArms())
        names.push_back(arm.name);
    patches->add_option("--arms", a->request.arms, "Arms to train and compare (default: all)")
        ->delimiter(',')
        ->check(CLI::IsMember(names));
    patches->add_option("-o,--out", a->request.folder,
                        "Folder of the experiment (default: experiments/patches-vs-cls in the workspace)");
    patches->callback([a, &options] { runExperiment(*a, options); });

    auto* const sweep = experiment->add_subcommand(
        "sweep", "Compare settings of your own: each arm changes some, and all are compared with the first");
    const auto b = std::make_shared<ExperimentArguments>();
    sweep
        ->add_option("--arm", b->arms,
                     "An arm, once for each: NAME:KEY=VALUE,KEY=VALUE, or NAME alone for the configuration as it is; "
                     "--arm plain --arm aligned:repa.weight=0.5")
        ->take_all()
        ->required();
    sweep->add_option("-c,--config", b->config,
                      "Configuration that the arms change: a YAML file, or demo, base or plan (default: demo in a demo "
                      "workspace, else base)");
    addCommonOptions(*sweep, *b);
    sweep->add_option("--tasks", b->tasks, "Of the validation: " + validationTaskList() + " (default: all)")
        ->delimiter(',');
    sweep->add_option("-o,--out", b->request.folder,
                      "Folder of the sweep (default: experiments/sweep in the workspace)");
    sweep->callback([b, &options] { runExperiment(*b, options); });
}

} // namespace nanodit::cli
