#include "core/experiment/experiment.h"
#include "core/inspect/inspection.h"
#include "core/runs/step_metrics.h"
#include "core/runtime/error.h"
#include "core/validate/validation.h"

#include <utility>

namespace nanodit {

namespace {

/// Of the suite's metrics, by task: those that the experiment asks for.
const std::vector<std::pair<ValidationTask, std::vector<const char*>>> askedMeasures = {
    {ValidationTask::Reconstruction,
     {"lpips", "dino_distance", "psnr", "ssim", "matched", "displacement", "layout_error", "not_found",
      "things_right"}},
    {ValidationTask::TextOnly, {"text_match", "layout_error", "region_error", "not_found", "things_right"}},
    {ValidationTask::DinoSwap, {"follows_reference", "dino_distance_other", "place_error_other", "place_error_own"}},
    {ValidationTask::TextManipulation, {"obeyed", "change"}},
    {ValidationTask::TextOverDino, {"obeyed", "change"}},
    {ValidationTask::RegionEdit, {"obeyed", "outside_change"}}};
constexpr std::array taskLabels = {"reconstruction",    "swap",           "text only",
                                   "text manipulation", "text over DINO", "region edit"};

constexpr std::array lossLabels = {"loss, nothing dropped", "loss, text dropped", "loss, DINO dropped",
                                   "loss, both dropped"};

std::vector<ExperimentMeasure> allMeasures()
{
    std::vector<ExperimentMeasure> measures;
    for (const auto& [task, metrics] : askedMeasures) {
        const auto index = static_cast<std::size_t>(task);
        for (const auto* const name : metrics) {
            const auto info = metricInfo(name);
            measures.push_back({.name = std::string(validationTaskNames[index]) + "." + name,
                                .label = std::string(taskLabels[index]) + ": " + info.label,
                                .help = info.help,
                                .better = info.better,
                                .decimals = info.decimals});
        }
    }
    for (std::size_t i = 0; i < dropNames.size(); ++i)
        measures.push_back({.name = std::string("loss.") + dropNames[i],
                            .label = lossLabels[i],
                            .help = "Training loss of the last 200 steps over samples of this category.",
                            .better = Better::Lower,
                            .decimals = 4});
    for (const auto* const part : {"text", "cls", "patches"})
        measures.push_back({.name = std::string("attention.") + part,
                            .label = std::string("attention on ") + (std::string(part) == "cls" ? "CLS" : part),
                            .help =
                                "Share of cross-attention, mean over blocks, heads, latents and flow times 0.9, 0.7, "
                                "0.5 and 0.3 on validation records.",
                            .better = {},
                            .decimals = 3});
    measures.push_back({.name = "attention.cls_even",
                        .label = "CLS, if attention were uniform",
                        .help = "One over the number of valid text tokens, CLS and patches.",
                        .better = {},
                        .decimals = 3});
    measures.push_back(
        {.name = "attention.alignment",
         .label = "attention off its place",
         .help = "Patches from a latent's own place to the centre of mass of its attention over patches.",
         .better = Better::Lower,
         .decimals = 2});
    return measures;
}

} // namespace

const std::vector<ExperimentMeasure>& experimentMeasures()
{
    static const auto measures = allMeasures();
    return measures;
}

const ExperimentMeasure& experimentMeasure(const std::string& name)
{
    for (const auto& measure : experimentMeasures()) {
        if (measure.name == name)
            return measure;
    }
    throw UsageError("the experiment does not measure \"" + name + "\"");
}

} // namespace nanodit
