#include "core/validate/interval_validation.h"

#include "core/config/train_config.h"
#include "core/runs/checkpoint_weights.h"
#include "core/runtime/error.h"
#include "core/runtime/failure.h"
#include "core/runtime/job.h"
#include "core/runtime/number_text.h"
#include "core/sample/models_in_memory.h"
#include "core/sample/sample_request.h"
#include "core/train/train_job.h"
#include "core/validate/validate_job.h"
#include "core/validate/validation.h"
#include "core/validate/weights_agreement.h"

#include <cstddef>
#include <exception>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

namespace {

/// Throws UsageError for a task that there is not.
ValidationSettings settingsOf(const TrainConfig& config)
{
    const auto& validation = config.validation;
    ValidationSettings settings;
    settings.tasks.clear();
    for (const auto& name : validation.tasks)
        settings.tasks.push_back(validationTaskFromName(name));
    if (validation.every > 0 && settings.tasks.empty())
        throw ConfigError("validation.tasks is empty, though validation.every asks for validations: name a task, or "
                          "set validation.every to 0");
    settings.records = validation.records;
    settings.steps = validation.samplerSteps;
    settings.shift = config.flow.shift;
    settings.shiftByBucket = config.flow.shiftByBucket;
    settings.textScale = validation.textScale;
    settings.dinoScale = validation.dinoScale;
    return settings;
}

/// The weights of a checkpoint to validate, as ValidateRequest names them.
std::vector<std::filesystem::path> weightsToValidate(const std::filesystem::path& checkpoint, ValidatedWeights wanted)
{
    if (!hasBothWeights(checkpoint) || wanted == ValidatedWeights::Average)
        return {checkpoint};
    const auto raw = weightsFile(checkpoint, WeightsKind::Raw);
    if (wanted == ValidatedWeights::Raw)
        return {raw};
    return {checkpoint, raw};
}

/// Raw weights that decide which checkpoint is kept as the best are validated for the whole run.
WeightsAgreement agreementOf(const TrainConfig& config)
{
    const bool bestIsRaw = config.saving.bestBy.starts_with("raw/");
    return {.limit = bestIsRaw ? 0 : config.validation.rawUntil};
}

/// What is told once.
std::string agreementText(const EventFile::Scalars& means)
{
    return "validations of raw and averaged weights agree: their means differ by " +
           roughText(weightsDifference(means).value_or(0)) +
           " of their size, less than validation.raw_until; the average alone is validated from now on";
}

/// "validated step 800 (ema): reconstruction DINO-patch distance 0.213, ..."
std::string lineOf(const ValidationReport& report)
{
    std::string line = "validated step " + std::to_string(report.step) + " (" + report.weights + ")";
    const char* before = ": ";
    for (const auto task : report.settings.tasks) {
        if (const auto* const summary = report.find(task, keyMetric(task))) {
            const auto metric = metricInfo(summary->metric);
            line += before + std::string(validationTaskNames[static_cast<std::size_t>(task)]) + " " + metric.label +
                    " " + decimalText(summary->mean, metric.decimals);
            before = ", ";
        }
    }
    return line;
}

/// Each validation opens another checkpoint. To keep one that nobody asks for again would take memory from the training
/// that its forecast does not know of.
struct ModelsGivenBack {
    ModelsGivenBack() = default;
    ~ModelsGivenBack() { giveBackModels(); }
    ModelsGivenBack(const ModelsGivenBack&) = delete;
    ModelsGivenBack& operator=(const ModelsGivenBack&) = delete;
};

} // namespace

IntervalValidator suiteAtIntervals(const TrainRequest& request, KnownTruth truth)
{
    const auto settings = settingsOf(request.config);
    return [workspace = request.workspace, device = request.device, onValidation = request.onValidation, settings,
            wanted = request.config.validation.weights, agreement = agreementOf(request.config),
            truth = std::move(truth)](const std::filesystem::path& checkpoint, const auto& earlier,
                                      const JobContext& context) -> std::optional<EventFile::Scalars> {
        const ModelsGivenBack givenBack;
        EventFile::Scalars means;
        const bool agreed = wanted == ValidatedWeights::Both && agreement.reachedIn(earlier);
        const auto all = weightsToValidate(checkpoint, agreed ? ValidatedWeights::Average : wanted);
        std::size_t failed = 0;
        for (const auto& weights : all) {
            ValidateRequest validation;
            validation.workspace = workspace;
            validation.checkpoint = weights;
            validation.replaceOther = true; // a run that went back to an older checkpoint comes here again
            validation.settings = settings;
            validation.device = device;
            validation.finished = [&](const ValidationReport& report) {
                const auto own = meansOf(report);
                means.insert(means.end(), own.begin(), own.end());
                context.info(lineOf(report));
                onValidation(report);
            };
            try { // what was measured of the other weights counts all the same
                if (makeValidateJobWith(std::move(validation), truth)->run(context) == JobEnd::Cancelled)
                    return std::nullopt;
            } catch (const std::exception& error) {
                if (++failed == all.size())
                    throw;
                const bool raw = weightsKindOf(weights) == WeightsKind::Raw;
                context.warn(std::string("no validation of the ") + (raw ? "raw" : "averaged") +
                             " weights at this step: " + sentenceOf(error));
            }
        }
        if (agreement.reached(means))
            context.info(agreementText(means));
        return means;
    };
}

} // namespace nanodit
