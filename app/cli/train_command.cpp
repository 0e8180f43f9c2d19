#include "app/cli/commands.h"
#include "app/cli/config_choice.h"
#include "app/cli/number_checks.h"
#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/front/training.h"
#include "core/runtime/error.h"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdio>
#include <utility>

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
    std::int64_t logEvery = 50;
};

std::string firstFreeRunName(const Workspace& workspace, const std::string& stem)
{
    for (int i = 1;; ++i) {
        const auto name = i == 1 ? stem : stem + "-" + std::to_string(i);
        if (!std::filesystem::exists(workspace.runsFolder() / name))
            return name;
    }
}

TrainConfig configOf(const TrainArguments& arguments, const Workspace& workspace)
{
    const auto runConfig = workspace.runsFolder() / arguments.run / "config.yaml";
    const bool fromRun = arguments.resume && arguments.config.empty() && std::filesystem::exists(runConfig);
    auto config =
        readTrainConfig(fromRun ? runConfig : configFile(arguments.config.empty() ? "base" : arguments.config));
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
        throw UsageError("--resume needs --run NAME, the run to continue");
    if (arguments.run.empty())
        arguments.run = firstFreeRunName(workspace, arguments.check ? "check" : "run");
    TrainRequest request{.workspace = workspace,
                         .config = configOf(arguments, workspace),
                         .runName = arguments.run,
                         .resume = arguments.resume,
                         .check = arguments.check,
                         .device = options.device};
    const bool terse = options.output.quiet;
    request.onStep = [terse, every = arguments.logEvery](const StepMetrics& m) {
        if (!terse && every > 0 && (m.step == 1 || m.step % every == 0))
            std::fprintf(stderr, "\r\033[K%s\n", stepLine(m).c_str());
    };
    TrainReport report;
    request.finished = [&report](const auto& r) { report = r; };
    const auto end = runJob(*makeTrainJob(std::move(request)), options.output);

    std::vector<std::vector<std::string>> rows;
    auto checks = nlohmann::json::array();
    for (const auto& line : report.checks) {
        rows.push_back({line.passed ? "ok" : "FAILED", line.what, line.found, "expected " + line.expected});
        checks.push_back(
            {{"what", line.what}, {"found", line.found}, {"expected", line.expected}, {"passed", line.passed}});
    }
    char summary[256];
    std::snprintf(summary, sizeof summary, "run %s: steps %lld to %lld, loss %.4f, checkpoint %s\n",
                  arguments.run.c_str(), static_cast<long long>(report.firstStep),
                  static_cast<long long>(report.lastStep), report.finalLoss, report.checkpoint.c_str());
    printResult(options.output, table(rows) + summary,
                {{"run", arguments.run},
                 {"first_step", report.firstStep},
                 {"last_step", report.lastStep},
                 {"parameters", report.parameters},
                 {"loss", report.finalLoss},
                 {"checkpoint", report.checkpoint.string()},
                 {"checks", checks},
                 {"passed", report.passed()},
                 {"stopped", end == JobEnd::Cancelled}});
    if (end == JobEnd::Cancelled || (arguments.check && !report.passed()))
        options.exitCode = 1;
}

} // namespace

void addTrainCommand(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand("train", "Train a NanoDiT on the workspace's shards");
    const auto a = std::make_shared<TrainArguments>();
    command->add_option("-c,--config", a->config,
                        "A YAML file, or demo or base (default: base, or the run's own with --resume)");
    command->add_option("-r,--run", a->run, "Name of the run (default: the first free of run, run-2...)");
    command->add_option("--steps", a->steps, "Optimiser steps, instead of schedule.steps")->check(positive());
    command->add_option("--set", a->set, "Change a setting: --set optimiser.lr=1e-4")->take_all();
    command->add_option("--warm-start", a->warmStart, "A .safetensors or .pt file, or a checkpoint folder");
    command->add_option("--log-every", a->logEvery, "Print every n-th step; 0: none")->capture_default_str();
    command->add_flag("--resume", a->resume, "Continue the run from its newest checkpoint");
    command->add_flag("--check", a->check, "Judge the run: finite, in range, every condition and gradient in place");
    command->callback([a, &options] { runTrain(*a, options); });
}

} // namespace nanodit::cli
