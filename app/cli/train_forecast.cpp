#include "app/cli/train_forecast.h"

#include "core/front/doctor.h"
#include "core/front/training.h"
#include "core/io/size_text.h"
#include "core/runtime/compute_devices.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <iterator>
#include <optional>

namespace nanodit::cli {

namespace {

std::string secondsText(double seconds)
{
    char text[64];
    const auto whole = static_cast<long long>(std::llround(seconds));
    if (seconds < 10)
        std::snprintf(text, sizeof text, "%.2g s", seconds);
    else if (whole < 60)
        std::snprintf(text, sizeof text, "%lld s", whole);
    else if (whole < 3600)
        std::snprintf(text, sizeof text, "%lld min %02lld s", whole / 60, whole % 60);
    else if (whole < 48 * 3600)
        std::snprintf(text, sizeof text, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
    else
        std::snprintf(text, sizeof text, "%.1f days", seconds / 86400);
    return text;
}

/// Of an optimiser step of so many processes that share the cores, over the buckets as often as they come. Empty when
/// stopped.
std::optional<double> stepSeconds(const TrainConfig& config, const TrainData& data, const TrainForecast& forecast,
                                  std::int64_t sharing, Options& options)
{
    const auto& bucket = forecast.dearest();
    StepTimeRequest request{.config = config,
                            .picture = bucket.bucket,
                            .textTokens = data.textTokens,
                            .dinoPatch = data.dinoPatch,
                            .latentPixel = data.latentPixel,
                            .steps = 1,
                            .device = options.device};
    request.config.model.textDim = data.textWidth;
    request.config.model.dinoDim = data.dinoWidth;
    request.config.model.latentChannels = data.latentChannels;
    std::optional<double> seconds;
    request.finished = [&](const StepTimes& times) {
        seconds = static_cast<double>(sharing) * times.median() * forecast.meanWork / bucket.work;
    };
    runJob(*makeStepEstimateJob(std::move(request)), options.output, "");
    return seconds;
}

/// "12.4 TFLOP"
std::string operationsText(double operations)
{
    constexpr const char* units[] = {"FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"};
    std::size_t unit = 0;
    for (; operations >= 1000 && unit + 1 < std::size(units); ++unit)
        operations /= 1000;
    char text[48];
    std::snprintf(text, sizeof text, "%.3g %s", operations, units[unit]);
    return text;
}

std::string settingsText(const FittingChange& change)
{
    std::string text;
    for (const auto& [key, value] : change.settings)
        text += " --set " + key + "=" + value;
    return text;
}

} // namespace

void printForecast(const TrainConfig& asked, const Workspace& workspace, std::int64_t processes, std::int64_t stepsDone,
                   Options& options)
{
    const auto config = withChosenPrecision(asked, options.device);
    const auto data = trainData(workspace, config);
    const auto where = memoryOf(options.device);
    const auto forecast = forecastTraining(config, data, where, processes);
    const auto sharing = ranksSharingDevice(options.device.device, processes, gpuFindings().usable); // its memory, too
    const auto& memory = forecast.memory;
    const auto needed = memory.ofProcesses(sharing), there = availableMemory(options.device);
    const auto changes = there > 0 ? fittingChanges(config, data, there, where, sharing, options.device.precision)
                                   : std::vector<FittingChange>{};
    const bool fits = there == 0 || needed <= there;
    const auto disk = freeDiskBytes(workspace);
    const bool diskFits = disk == 0 || forecast.diskBytes <= disk;
    std::optional<double> seconds;
    if (fits || !changes.empty())
        seconds = stepSeconds(config, data, forecast, sharing, options);
    const auto steps = static_cast<double>(config.schedule.steps);
    const auto left = std::max(0.0, steps - static_cast<double>(stepsDone));
    const auto& dearest = forecast.dearest();
    char parameters[64], epochs[64];
    std::snprintf(parameters, sizeof parameters, "%.1f M", static_cast<double>(forecast.parameters) / 1e6);
    std::snprintf(epochs, sizeof epochs, "%.3g", forecast.epochs);
    const auto all = sharing > 1 ? " by " + std::to_string(sharing) + " processes" : std::string();
    std::vector<std::vector<std::string>> rows = {
        {"parameters", parameters},
        {"memory", sizeText(needed) + " needed" + all + ", " + (there > 0 ? sizeText(there) : "an unknown amount") +
                       " free" + (fits ? "" : ": it does not fit") + (sharing > 1 ? "; of each:" : "")},
        {"  weights and gradients", sizeText(memory.weights + memory.gradients)},
        {"  the optimiser's moments", sizeText(memory.moments)},
        {"  moving average", sizeText(memory.average)},
        {"  activations", sizeText(memory.activations) + " (" + std::to_string(config.data.batchSize) + " of " +
                              bucketName(dearest.bucket) + ", " + std::to_string(dearest.latentTokens) +
                              " latent and " + std::to_string(dearest.contextTokens) + " context tokens each)"},
        {"  batches read ahead", sizeText(memory.batches)},
        {"  preview pictures", sizeText(memory.previews)},
        {"  a checkpoint being written", sizeText(memory.checkpoint)},
        {"work of a step",
         operationsText(forecast.stepFlops) + ", " + operationsText(forecast.stepFlops * steps) + " for the run"},
        {"a step", seconds ? "about " + secondsText(*seconds) + ", measured on two blocks" : "not measured"},
        {"an epoch",
         std::to_string(forecast.stepsPerEpoch) + " steps, " + std::to_string(forecast.samplesPerEpoch) + " samples" +
             (seconds ? ", about " + secondsText(*seconds * static_cast<double>(forecast.stepsPerEpoch)) : "")},
        {"the run", std::to_string(config.schedule.steps) + " steps, " + epochs + " epochs" +
                        (stepsDone > 0 ? ", " + std::to_string(stepsDone) + " steps are done" : "") +
                        (seconds ? ", about " + secondsText(*seconds * left) + (stepsDone > 0 ? " more" : "") : "")},
        {"a checkpoint",
         sizeText(forecast.checkpointBytes) + ", " + sizeText(forecast.keptCheckpointBytes) + " for all that are kept"},
        {"disk", sizeText(forecast.diskBytes) + " for checkpoints at most, " +
                     (disk > 0 ? sizeText(disk) : "an unknown amount") + " free" +
                     (diskFits ? "" : ": it does not fit")},
    };
    auto text = table(rows);
    auto ways = nlohmann::json::array();
    for (const auto& change : changes) {
        text += (ways.empty() ? "it fits with\n" : "") +
                ("  " + sizeText(change.memory) + ": " + settingsText(change).substr(1)) + "\n";
        auto settings = nlohmann::json::object();
        for (const auto& [key, value] : change.settings)
            settings[key] = value;
        ways.push_back({{"settings", settings}, {"memory", change.memory}});
    }
    if (!fits && changes.empty())
        text += "it fits only with a smaller model, smaller pictures or more memory\n";
    if (!diskFits)
        text += "the disk is too small for its checkpoints: keep fewer (saving.keep, saving.keep_every, "
                "saving.keep_validated), or free some space\n";
    nlohmann::json json = {{"parameters", forecast.parameters},
                           {"processes", processes},
                           {"steps_done", stepsDone},
                           {"memory",
                            {{"total", needed},
                             {"weights", memory.weights},
                             {"gradients", memory.gradients},
                             {"moments", memory.moments},
                             {"average", memory.average},
                             {"activations", memory.activations},
                             {"batches", memory.batches},
                             {"previews", memory.previews},
                             {"checkpoint", memory.checkpoint}}},
                           {"memory_available", there},
                           {"fits", fits && diskFits},
                           {"step_flops", forecast.stepFlops},
                           {"disk_needed", forecast.diskBytes},
                           {"disk_available", disk},
                           {"steps_per_epoch", forecast.stepsPerEpoch},
                           {"samples_per_epoch", forecast.samplesPerEpoch},
                           {"epochs", forecast.epochs},
                           {"checkpoint_bytes", forecast.checkpointBytes},
                           {"kept_checkpoint_bytes", forecast.keptCheckpointBytes},
                           {"changes_that_fit", ways}};
    if (seconds)
        json["step_seconds"] = seconds.value_or(0); // g++ 12 takes *seconds for unset
    printResult(options.output, text, json);
    if (!fits || !diskFits)
        options.exitCode = exitFailed;
}

} // namespace nanodit::cli
