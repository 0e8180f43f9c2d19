#include "app/cli/commands.h"
#include "app/cli/rank_launch.h"
#include "app/cli/record_text.h"
#include "app/cli/shared_options.h"
#include "app/cli/train_forecast.h"
#include "core/config/workspace_config.h"
#include "core/config/yaml.h"
#include "core/front/training.h"
#include "core/runtime/compute_devices.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"
#include "core/runtime/machine.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <system_error>

namespace nanodit::cli {

namespace {

constexpr std::int64_t mostRanksHere = 1024;

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
    std::int64_t from = -1; ///< Step of the checkpoint to resume from; -1: the newest.
    std::string replay;     ///< Step to run again; 0: the last that was not finite; empty: train.
    std::int64_t ranks = 1; ///< Processes on this machine; a launcher's variables go before.
    std::int64_t logEvery = 50;
};

/// The file that was asked for; else the run's own when it is resumed, and the one that suits the workspace.
std::filesystem::path configFileOf(const TrainArguments& arguments, const Workspace& workspace)
{
    if (!arguments.config.empty())
        return configurationFile(arguments.config);
    const auto run = workspace.runsFolder() / arguments.run, own = run / "config.yaml";
    std::error_code ignored; // a link that leads to itself is not there
    if (arguments.resume && std::filesystem::exists(own, ignored))
        return own;
    if (arguments.resume && std::filesystem::exists(run / "checkpoints", ignored))
        throw DataError(own.string() + " is missing, and it holds the configuration of the run: restore it, or name "
                                       "the configuration with --config");
    return configurationFile(suitableConfiguration(workspace));
}

TrainConfig configOf(const TrainArguments& arguments, const Workspace& workspace)
{
    auto config = readTrainConfig(configFileOf(arguments, workspace));
    for (const auto& assignment : arguments.set)
        setField(assignment, [&config](FieldVisitor& v) { config.visit(v); });
    if (arguments.steps > 0)
        config.schedule.steps = arguments.steps;
    if (const auto& named = arguments.warmStart; !named.empty()) {
        // From where the program was started, unless it is only in the workspace, as configurations name theirs.
        const auto here = std::filesystem::absolute(named);
        std::error_code ignored;
        const bool ofWorkspace =
            named.starts_with("~/") || // which shells leave in --warm-start=~/a.pt
            (!std::filesystem::exists(here, ignored) && std::filesystem::exists(workspace.path(named), ignored));
        config.warmStart.checkpoint = ofWorkspace ? named : here.string();
    }
    throwIfAny(config.validate(), "the training configuration");
    return config;
}

/// Of the run that is to be resumed. Throws UsageError when it has no checkpoint.
std::int64_t doneBefore(const TrainArguments& arguments, const Workspace& workspace)
{
    const auto newest = newestCheckpoint(workspace, arguments.run);
    return arguments.from >= 0 ? arguments.from : checkpointStep(newest.filename().string()).value_or(0);
}

/// "1.9506", or "not finite".
std::string measuredText(double value, int decimals)
{
    return std::isfinite(value) ? decimalText(value, decimals) : "not finite";
}

std::string stepLine(const StepMetrics& m)
{
    char pace[64];
    std::snprintf(pace, sizeof pace, "  lr %.2e  %.1f samples/s", m.lr, m.samplesPerSecond);
    return "step " + std::to_string(m.step) + "  loss " + measuredText(m.loss, 4) + "  velocity norm " +
           measuredText(m.velocityNorm, 3) + "  gradient norm " + measuredText(m.gradNorm, 3) + pace;
}

/// What was found in a micro-batch, the first thing first.
std::string findingText(const ReplayReport::MicroBatch& microBatch)
{
    std::string text;
    if (!microBatch.inputs.empty())
        text += "not finite in the data: " + joined(microBatch.inputs) + "; ";
    if (!microBatch.output.empty())
        text += "first part whose output is not finite: " + microBatch.output + "; ";
    if (!microBatch.gradient.empty())
        text += "the gradient is first not finite at the output of " + microBatch.gradient + "; ";
    return text.empty() ? "finite throughout" : text.substr(0, text.size() - 2);
}

nlohmann::json toJson(const ReplayReport::MicroBatch& microBatch)
{
    auto samples = nlohmann::json::array();
    for (const auto& sample : microBatch.samples)
        samples.push_back({{"id", sample.id},
                           {"t", sample.time},
                           {"loss", std::isfinite(sample.loss) ? nlohmann::json(sample.loss) : nlohmann::json()}});
    return {{"samples", samples},
            {"inputs", microBatch.inputs},
            {"output", microBatch.output},
            {"gradient", microBatch.gradient},
            {"finite", microBatch.sound()}};
}

std::int64_t stepOf(const std::string& text)
{
    std::int64_t step = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), step);
    if (error != std::errc() || end != text.data() + text.size() || step < 0)
        throw UsageError("--replay=" + text +
                         " is not a step: give a whole number, or --replay alone for the last step "
                         "that was not finite");
    return step;
}

void runReplay(const TrainArguments& arguments, const Workspace& workspace, Options& options)
{
    if (arguments.run.empty())
        throw UsageError("--replay needs --run NAME, the run that the step belongs to");
    ReplayRequest request{.workspace = workspace, .runName = arguments.run, .device = options.device};
    if (const auto step = stepOf(arguments.replay); step > 0)
        request.step = step;
    ReplayReport report;
    request.finished = [&report](const ReplayReport& found) { report = found; };
    if (runJob(*makeReplayJob(std::move(request)), options.output, "") == JobEnd::Cancelled)
        return; // nothing was found
    auto text = "step " + std::to_string(report.step) + " of " + report.runName + ", from " +
                report.checkpoint.filename().string() + ": " + (report.sound() ? "finite this time" : "not finite") +
                "\n";
    auto microBatches = nlohmann::json::array();
    for (std::size_t i = 0; i < report.microBatches.size(); ++i) {
        const auto& microBatch = report.microBatches[i];
        text += "micro-batch " + std::to_string(i + 1) + ": " + findingText(microBatch) + "\n";
        std::vector<std::vector<std::string>> rows;
        for (const auto& sample : microBatch.samples)
            rows.push_back({"  " + sample.id, "t " + decimalText(sample.time, 3),
                            std::isfinite(sample.loss) ? "loss " + decimalText(sample.loss, 4) : "loss not finite"});
        text += table(rows);
        microBatches.push_back(toJson(microBatch));
    }
    printResult(options.output, text,
                {{"run", report.runName},
                 {"step", report.step},
                 {"checkpoint", report.checkpoint.string()},
                 {"steps_before", report.stepsBefore},
                 {"finite", report.sound()},
                 {"micro_batches", microBatches}});
}

void runTrain(TrainArguments arguments, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    if (!arguments.replay.empty())
        return runReplay(arguments, workspace, options);
    if (arguments.resume && arguments.run.empty())
        throw UsageError("--resume needs --run NAME, the run to resume");
    if (arguments.resume && !arguments.warmStart.empty())
        throw UsageError("--warm-start is for a new run: a resumed run continues with its own weights");
    if (arguments.from >= 0 && !arguments.resume)
        throw UsageError("--from needs --resume: it names the checkpoint to resume from");
    const bool chosen = !arguments.run.empty();
    if (!chosen)
        arguments.run = freeRunName(workspace, arguments.check ? "check" : "run");
    if (arguments.dryRun) {
        const auto done = arguments.resume ? doneBefore(arguments, workspace) : 0;
        return printForecast(configOf(arguments, workspace), workspace, arguments.ranks, done, options);
    }
    TrainRequest request{.workspace = workspace,
                         .config = configOf(arguments, workspace),
                         .runName = arguments.run,
                         .resume = arguments.resume,
                         .ignoreMemory = arguments.ignoreMemory,
                         .check = arguments.check,
                         .device = options.device};
    if (arguments.from >= 0)
        request.from = arguments.from;
    request.onStep = [&output = options.output, every = arguments.logEvery](const StepMetrics& m) {
        if (every > 0 && (m.step == 1 || m.step % every == 0))
            printNote(output, stepLine(m));
    };
    TrainReport report;
    request.finished = [&report](const auto& r) { report = r; };
    std::optional<ReservedPort> port;
    std::optional<RankProcesses> others;
    const auto variable = [](const char* name) -> const char* { return std::getenv(name); };
    request.meeting = meetingOfLauncher(variable);
    if (request.meeting.size == 1 && arguments.ranks > 1) {
        request.meeting.size = arguments.ranks;
        request.meeting.port = port.emplace().number();
        std::vector<std::string> more;
        if (!chosen)
            more = {"--run", arguments.run};
        more.emplace_back("--quiet");
        if (request.device.threads == 0) { // the cores are shared
            request.device.threads = std::max(1, usableCores() / static_cast<int>(arguments.ranks));
            more.insert(more.end(), {"--threads", std::to_string(request.device.threads)});
        }
        others.emplace(arguments.ranks, request.meeting.port, more);
    } else if (request.meeting.size > 1 && !chosen) {
        throw UsageError("a training of several processes needs --run NAME, so that all train the same run");
    }
    if (request.meeting.size > 1) {
        const auto gpus = gpuFindings().usable;
        auto& device = request.device.device;
        request.ranksHere = ranksSharingDevice(device, others ? arguments.ranks : ranksOfMachine(variable), gpus);
        device = deviceOfRank(device, gpus, variable);
    }
    const bool speaks = request.meeting.rank == 0;
    try {
        runJob(*makeTrainJob(std::move(request)), options.output,
               speaks ? "continue with: nanodit train --run " + arguments.run + " --resume" : std::string());
    } catch (const std::exception& error) {
        const auto who = others ? others->whoFailed() : std::string();
        if (who.empty())
            throw;
        throw Error(who + ", and the training ended with it: " + sentenceOf(error));
    }
    if (!speaks)
        return;

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
                               ", loss " + measuredText(report.finalLoss, 4)
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
    command->add_option("-r,--run", a->run, "Name of the run (default: the first free one of run, run-2...)")
        ->check(notEmpty("the name of a run"));
    command->add_option("--steps", a->steps, "Optimiser steps, instead of schedule.steps")->check(positive());
    command
        ->add_option("--set", a->set,
                     "Change a setting: --set optimiser.lr=1e-4; \"nanodit config --list\" shows them all")
        ->take_all();
    command->add_option("--warm-start", a->warmStart, "Start from a .safetensors or .pt file, or a checkpoint folder");
    command
        ->add_option("--ranks", a->ranks,
                     "Processes on this machine that train the run together, each with its own batches; torchrun, "
                     "mpirun and srun set it by their variables")
        ->check(wholeNumber(1, mostRanksHere));
    command->add_option("--log-every", a->logEvery, "Print every n-th step; 0: none")
        ->check(notNegative())
        ->capture_default_str();
    command->add_flag("--resume", a->resume, "Continue the run from its newest checkpoint");
    command->add_flag("--dry-run", a->dryRun, "Only forecast the training: memory, time, steps per epoch, checkpoints");
    command->add_flag("--ignore-memory", a->ignoreMemory, "Train even if the free memory seems too small");
    command
        ->add_option("--from", a->from,
                     "With --resume: continue from the checkpoint of this step instead of the newest")
        ->check(notNegative());
    command->add_flag(
        "--replay{0}", a->replay,
        "Run a non-finite step of --run again and say where it went wrong: the last one, or --replay=STEP");
    command->add_flag("--check", a->check,
                      "Check the run: finite values, expected ranges, all conditions and gradients present");
    command->callback([a, &options] { runTrain(*a, options); });
}

} // namespace nanodit::cli
