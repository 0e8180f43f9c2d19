#include "core/runtime/number_text.h"
#include "core/validate/report_file.h"

#include <array>
#include <cmath>
#include <utility>

namespace nanodit {

namespace {

using State = Milestone::State;

constexpr auto noBaseline = "no baseline to compare with";

State stateOf(bool met)
{
    return met ? State::Met : State::Missed;
}

/// "0.123 (0.100 to 0.150)"
std::string valueText(const MetricSummary& summary)
{
    const auto decimals = metricInfo(summary.metric).decimals;
    auto text = decimalText(summary.mean, decimals);
    if (summary.interval)
        text += " (" + decimalText(summary.interval->low, decimals) + " to " +
                decimalText(summary.interval->high, decimals) + ")";
    return text;
}

Milestone noErrors(const ValidationReport& report)
{
    Milestone line{
        .name = "No errors over the run", .state = State::Unknown, .found = {}, .expected = "every step finite"};
    if (!report.loss) {
        line.found = "the checkpoint is not in a run with metrics";
        return line;
    }
    line.state = stateOf(report.skippedSteps == 0);
    line.found = report.skippedSteps == 0 ? "every step up to " + std::to_string(report.step) + " finite"
                                          : std::to_string(report.skippedSteps) + " steps were skipped";
    return line;
}

Milestone lossInLine(const ValidationReport& report, const ValidationReport* baseline)
{
    Milestone line{.name = "Loss in line with the baseline",
                   .state = State::Unknown,
                   .found = {},
                   .expected = "at most 10 % above the baseline's"};
    if (!baseline || !baseline->loss || !report.loss) {
        line.found = baseline ? "one of the two has no metrics" : noBaseline;
        return line;
    }
    line.state = stateOf(*report.loss <= 1.1 * *baseline->loss);
    line.found = decimalText(*report.loss, 3) + " against " + decimalText(*baseline->loss, 3);
    return line;
}

/// LPIPS where both have it with the same network, else DINO-patch distance, named as such.
Milestone betterReconstruction(const ValidationReport& report, const ValidationReport* baseline)
{
    constexpr auto task = ValidationTask::Reconstruction;
    const bool perceptual = !report.lpips.empty() && (!baseline || baseline->lpips == report.lpips);
    const std::string metric = perceptual ? "lpips" : "dino_distance";
    const std::string label = perceptual ? "LPIPS (" + report.lpips + ")" : "DINO-patch distance (no LPIPS weights)";
    Milestone line{.name = "Reconstruction better than the baseline",
                   .state = State::Unknown,
                   .found = {},
                   .expected = label + " more than 10 % lower"};
    const auto* const own = report.find(task, metric);
    const auto* const before = baseline ? baseline->find(task, metric) : nullptr;
    if (!own || !before) {
        line.found = baseline ? "one of the two has no reconstructions" : noBaseline;
        return line;
    }
    const double gain = before->mean > 0 ? 1 - own->mean / before->mean : 0;
    line.state = stateOf(gain > 0.1);
    line.found = decimalText(own->mean, 3) + " against " + decimalText(before->mean, 3) + ": " +
                 percentText(std::abs(gain)) + (gain >= 0 ? " lower" : " higher");
    return line;
}

Milestone lowLpips(const ValidationReport& report)
{
    Milestone line{
        .name = "Reconstruction LPIPS below 0.4", .state = State::Unknown, .found = {}, .expected = "below 0.4"};
    const auto* const own = report.find(ValidationTask::Reconstruction, "lpips");
    if (!own) {
        line.found = report.lpips.empty() ? "no LPIPS weights in the workspace settings" : "no reconstructions";
        return line;
    }
    line.state = stateOf(own->mean < 0.4);
    line.found = valueText(*own);
    return line;
}

/// A share whose whole interval must lie above chance.
Milestone aboveChance(const ValidationReport& report, const std::string& name, ValidationTask task,
                      const std::string& metric)
{
    const auto label = metricInfo(metric).label;
    Milestone line{
        .name = name, .state = State::Unknown, .found = {}, .expected = label + " above 0.5, with all of its interval"};
    const auto* const own = report.find(task, metric);
    if (!own || !own->interval) {
        line.found = "not validated";
        return line;
    }
    line.state = stateOf(own->interval->low > 0.5);
    line.found = valueText(*own);
    return line;
}

/// Against a baseline by how much one word changes. Without one by the truth, where the text can win: where the patches
/// of the word's thing are erased, and with more guidance by text than by DINO.
Milestone textStaysStrong(const ValidationReport& report, const ValidationReport* baseline)
{
    constexpr auto task = ValidationTask::TextManipulation;
    Milestone line{.name = "Text manipulation stays strong",
                   .state = State::Unknown,
                   .found = {},
                   .expected = "change by one word at least 90 % of the baseline's"};
    const auto* const own = report.find(task, "change");
    const auto* const before = baseline ? baseline->find(task, "change") : nullptr;
    if (own && before) {
        line.state = stateOf(own->mean >= 0.9 * before->mean);
        line.found = decimalText(own->mean, 3) + " against " + decimalText(before->mean, 3);
        return line;
    }
    constexpr std::array<std::pair<ValidationTask, const char*>, 2> whereTextCanWin = {
        {{ValidationTask::RegionEdit, "patches erased"}, {ValidationTask::TextOverDino, "text over DINO"}}};
    bool met = true;
    for (const auto& [where, label] : whereTextCanWin) {
        const auto* const obeyed = report.find(where, "obeyed");
        if (!obeyed || !obeyed->interval)
            continue;
        met = met && obeyed->interval->low > 0.5;
        line.found += (line.found.empty() ? "" : "; ") + std::string(label) + " " + valueText(*obeyed);
    }
    if (!line.found.empty()) {
        line.state = stateOf(met);
        line.expected = metricInfo("obeyed").label + " above 0.5, with all of its interval, in each";
    } else if (report.find(task, "obeyed")) {
        return aboveChance(report, line.name, task, "obeyed");
    } else {
        line.found = own ? noBaseline : "not validated";
    }
    return line;
}

Milestone editsStayInTheirRegion(const ValidationReport& report)
{
    constexpr double leastObeyed = 0.8, mostOutside = 0.05;
    Milestone line{.name = "Region edit obeyed, the rest kept",
                   .state = State::Unknown,
                   .found = "not validated",
                   .expected = "word obeyed in at least 80 %, change outside below 5 %"};
    const auto* const obeyed = report.find(ValidationTask::RegionEdit, "obeyed");
    const auto* const outside = report.find(ValidationTask::RegionEdit, "outside_change");
    if (!obeyed || !outside)
        return line;
    line.state = stateOf(obeyed->mean >= leastObeyed && outside->mean < mostOutside);
    line.found = "obeyed in " + percentText(obeyed->mean) + ", change outside " + percentText(outside->mean);
    return line;
}

} // namespace

std::vector<Milestone> judgeMilestones(const ValidationReport& report, const ValidationReport* baseline)
{
    return {noErrors(report),
            lossInLine(report, baseline),
            betterReconstruction(report, baseline),
            lowLpips(report),
            aboveChance(report, "Text only works", ValidationTask::TextOnly, "text_match"),
            aboveChance(report, "Swap transfers layout", ValidationTask::DinoSwap, "follows_reference"),
            textStaysStrong(report, baseline),
            editsStayInTheirRegion(report)};
}

} // namespace nanodit
