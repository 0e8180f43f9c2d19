#include "core/runs/catalogue.h"
#include "core/runtime/error.h"
#include "core/validate/validation.h"

#include <algorithm>
#include <utility>

namespace nanodit {

std::string validationTaskList()
{
    std::string list;
    for (const auto* const name : validationTaskNames)
        list += (list.empty() ? "" : ", ") + std::string(name);
    return list;
}

ValidationTask validationTaskFromName(const std::string& name)
{
    const auto found = std::find(validationTaskNames.begin(), validationTaskNames.end(), name);
    if (found == validationTaskNames.end())
        throw UsageError("there is no validation task \"" + name + "\"; there are " + validationTaskList());
    return static_cast<ValidationTask>(found - validationTaskNames.begin());
}

const std::vector<MetricInfo>& validationMetrics()
{
    using enum Better;
    static const std::vector<MetricInfo> metrics = {
        {"lpips", "LPIPS", "Learned perceptual distance to the original; 0 for an equal picture.", Lower, 3},
        {"psnr", "PSNR", "Peak signal-to-noise ratio against the original, in dB.", Higher, 2, "dB"},
        {"ssim", "SSIM", "Structural similarity to the original; 1 for an equal picture.", Higher, 3},
        {"dino_distance", "DINO-patch distance",
         "1 - cosine of the DINO features of patches at the same place in picture and original, 0 to 2.", Lower, 3},
        {"matched", "patches matched",
         "Share of patches that are each other's nearest neighbour in picture and reference.", Higher, 3},
        {"displacement", "match displacement", "How far such matches are apart, in patches.", Lower, 2, "patches"},
        {"layout_error", "layout error",
         "Distance of things from their true places, in fractions of the diagonal; one not found counts 0.5.", Lower,
         3},
        {"region_error", "region error",
         "The same from the ninth of the picture that the caption names, 0 inside: what the text alone can say.", Lower,
         3},
        {"not_found", "things not found", "Share of the truth's things that are not in the picture.", Lower, 3},
        {"things_right", "things right",
         "Share of the truth's things that are in the picture in their colour and shape.", Higher, 3},
        {"dino_distance_other", "distance to the reference",
         "DINO-patch distance to the picture whose CLS and patches were given.", Lower, 3},
        {"dino_distance_own", "distance to the text's picture",
         "DINO-patch distance to the picture whose text was given.", Higher, 3},
        {"follows_reference", "nearer to the reference",
         "Share of pictures whose patches are nearer to the reference's than to the text's picture's.", Higher, 3},
        {"place_error_other", "place error, reference",
         "Distance of things, of whatever colour, from the places of the reference's things; fractions of the "
         "diagonal.",
         Lower, 3},
        {"place_error_own", "place error, text's picture",
         "The same, from the places in the picture whose text was given.", Higher, 3},
        {"text_match", "text match",
         "Share of the other originals whose CLS is less like the generated picture's than its own original's; chance "
         "is 0.5.",
         Higher, 3},
        {"change", "change by one word",
         "DINO-patch distance between the pictures generated with and without the changed word, same noise.", Higher,
         3},
        {"obeyed", "word obeyed", "Share of pictures in which the thing is in its place in the new colour or shape.",
         Higher, 3},
        {"outside_change", "change outside",
         "Mean absolute difference outside the erased patches between the pictures generated with and without the "
         "edit, same noise; a share of the range.",
         Lower, 4},
        {"nearest_training", "nearest training picture",
         "Cosine between the CLS of the generated picture and that of the training picture most like it; 1 would be a "
         "copy.",
         Lower, 3},
        {"nearest_training_original", "its original's nearest",
         "The same for the record's own picture, which was not trained on: what to expect without copying.", Unknown,
         3},
        {"fixed_loss", "loss at fixed draws",
         "Loss of the record at fixed times and noises (1/8, 3/8, 5/8 and 7/8), all conditions given.", Lower, 4},
        {"caption_gain", "caption gain",
         "How much that loss grows when the text is replaced by the null; near 0, the caption says nothing to the "
         "model.",
         Higher, 4},
        {"dino_gain", "DINO gain", "How much it grows when CLS and patches are replaced by their nulls.", Higher, 4},
        {"patch_gain", "patch gain",
         "How much it grows when the patches are left out and text and CLS stay; near 0, they say nothing to the "
         "model.",
         Higher, 4},
        {"frechet_dino", "Fréchet distance, DINO",
         "Between the CLS features of generated pictures and originals; falls with more pictures, so compare equal n.",
         Lower, 2},
    };
    return metrics;
}

MetricInfo metricInfo(const std::string& name)
{
    for (const auto& metric : validationMetrics()) {
        if (metric.name == name)
            return metric;
    }
    return {.name = name,
            .label = name,
            .help = "This version of the program does not know it.",
            .better = Better::Unknown,
            .decimals = 3};
}

std::string keyMetric(ValidationTask task)
{
    constexpr std::array keys = {"dino_distance", "dino_distance_other", "text_match", "change", "change", "obeyed"};
    return keys[static_cast<std::size_t>(task)];
}

std::vector<std::pair<std::string, double>> meansOf(const ValidationReport& report)
{
    const std::string kind = isOfRawWeights(report.folder) ? "raw/" : "";
    std::vector<std::pair<std::string, double>> means;
    for (const auto& summary : report.summaries)
        means.emplace_back(kind + validationTaskNames[static_cast<std::size_t>(summary.task)] + "/" + summary.metric,
                           summary.mean);
    return means;
}

const MetricSummary* ValidationReport::find(ValidationTask task, const std::string& metric) const
{
    for (const auto& summary : summaries) {
        if (summary.task == task && summary.metric == metric)
            return &summary;
    }
    return nullptr;
}

} // namespace nanodit
