#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "app/cli/train_forecast.h"
#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/front/training.h"
#include "core/runtime/error.h"

#include <cmath>
#include <cstdio>

namespace nanodit::cli {

namespace {

struct TrainArguments {
    std::string config;
    std::string run;
    std::int64_t steps = 0;
    std::vector<std::string> set;
    std::string warmStart;
    bool resume = false;
    bool check = false;
    bool dryRun = false;
    bool ignoreMemory = false;
    std::int64_t logEvery = 50;
};

/// The file that was asked for; else the run's own when it is resumed, and the one that suits the workspace.
std::filesystem::path configFileOf(const TrainArguments& arguments, const Workspace& workspace)
{
    if (!arguments.config.empty())
        return configurationFile(arguments.config);
    const auto own = workspace.runsFolder() / arguments.run / "config.yaml";
    if (arguments.resume && std::filesystem::exists(own))
        return own;
    return configurationFile(suitableConfiguration(workspace));
}

TrainConfig configOf(const TrainArguments& arguments, const Workspace& workspace)
{
    auto config = readTrainConfig(configFileOf(arguments, workspace));
    for (const auto& assignment : arguments.set)
        setField(assignment, [&config](FieldVisitor& v) { config.visit(v); });
    if (arguments.steps > 0)
        config.schedule.steps = arguments.steps;
    if (!arguments.warmStart.empty())
        config.warmStart.checkpoint = arguments.warmStart;
    throwIfAny(config.validate(), "the training configuration");
    return config;
}

std::string stepLine(const StepMetrics& m)
{
    char text[256];
    std::snprintf(text, sizeof text,
                  "step %lld  loss %.4f  velocity norm %.3f  gradient norm %.3f  lr %.2e  %.1f samples/s",
                  static_cast<long long>(m.step), m.loss, m.velocityNorm, m.gradNorm, m.lr, m.samplesPerSecond);
    return text;
}

void runTrain(TrainArguments arguments, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    if (arguments.resume && arguments.run.empty())
        throw UsageError("--resume needs --run NAME, the run to resume");
    if (arguments.run.empty())
        arguments.run = freeRunName(workspace, arguments.check ? "check" : "run");
    if (arguments.dryRun)
        return printForecast(configOf(arguments, workspace), workspace, options);
    TrainRequest request{.workspace = workspace,
                         .config = configOf(arguments, workspace),
                         .runName = arguments.run,
                         .resume = arguments.resume,
                         .ignoreMemory = arguments.ignoreMemory,
                         .check = arguments.check,
                         .device = options.device};
    request.onStep = [&output = options.output, every = arguments.logEvery](const StepMetrics& m) {
        if (every > 0 && (m.step == 1 || m.step % every == 0))
            printNote(output, stepLine(m));
    };
    TrainReport report;
    request.finished = [&report](const auto& r) { report = r; };
    runJob(*makeTrainJob(std::move(request)), options.output,
           "continue with: nanodit train --run " + arguments.run + " --resume");

    std::vector<std::vector<std::string>> rows;
    auto checks = nlohmann::json::array();
    for (const auto& line : report.checks) {
        rows.push_back({line.passed ? "ok" : "FAILED", line.what, line.found, "expected " + line.expected});
        checks.push_back(
            {{"what", line.what}, {"found", line.found}, {"expected", line.expected}, {"passed", line.passed}});
    }
    auto text = table(rows);
    const bool trained = report.lastStep > report.firstStep;
    if (!report.checkpoint.empty()) // it was not stopped before it had one
        text += "run " + arguments.run + ": " +
                (trained ? "steps " + std::to_string(report.firstStep) + " to " + std::to_string(report.lastStep) +
                               ", loss " + decimalText(report.finalLoss, 4)
                         : "no step was trained, " + std::to_string(report.lastStep) + " were done before") +
                ", checkpoint " + report.checkpoint.string() + "\n";
    printResult(options.output, text,
                {{"run", arguments.run},
                 {"first_step", report.firstStep},
                 {"last_step", report.lastStep},
                 {"parameters", report.parameters},
                 {"loss", trained ? nlohmann::json(report.finalLoss) : nlohmann::json()},
                 {"checkpoint", report.checkpoint.string()},
                 {"checks", checks},
                 {"passed", report.passed()}});
    if (arguments.check && !report.passed())
        options.exitCode = exitFailed;
}

} // namespace

void registerTrain(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("train", "Train a NanoDiT on the workspace's shards");
    const auto a = std::make_shared<TrainArguments>();
    command->add_option(
        "-c,--config", a->config,
        "A YAML file, or demo, base or plan (default: demo in a demo workspace, else base; with --resume the "
        "run's own)");
    command->add_option("-r,--run", a->run, "Name of the run (default: the first free one of run, run-2...)");
    command->add_option("--steps", a->steps, "Optimiser steps, instead of schedule.steps")->check(positive());
    command
        ->add_option("--set", a->set,
                     "Change a setting: --set optimiser.lr=1e-4; \"nanodit config --list\" shows them all")
        ->take_all();
    command->add_option("--warm-start", a->warmStart, "Start from a .safetensors or .pt file, or a checkpoint folder");
    command->add_option("--log-every", a->logEvery, "Print every n-th step; 0: none")
        ->check(notNegative())
        ->capture_default_str();
    command->add_flag("--resume", a->resume, "Continue the run from its newest checkpoint");
    command->add_flag("--dry-run", a->dryRun,
                      "Only say what the training would take: memory, time, steps of an epoch, checkpoints");
    command->add_flag("--ignore-memory", a->ignoreMemory, "Train though the memory that is free seems too little");
    command->add_flag("--check", a->check,
                      "Check the run: finite values, expected ranges, all conditions and gradients present");
    command->callback([a, &options] { runTrain(*a, options); });
}

} // namespace nanodit::cli
