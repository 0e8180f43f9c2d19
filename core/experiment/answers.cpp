#include "core/experiment/answers.h"

#include "core/runtime/number_text.h"
#include "core/validate/report_file.h"

#include <cmath>

namespace nanodit {

namespace {

/// By how much patches were to win (the milestones' margin).
constexpr double winningMargin = 0.10;

std::string sizeInPercent(double share)
{
    return percentText(std::abs(share));
}

std::string labelOf(const std::string& arm) // of the arms that the questions are of
{
    return experimentArm(arm).label;
}

/// "reconstruction: layout error of CLS only against patches, sincos position: ..."
std::string comparison(const ExperimentReport& report, const std::string& first, const std::string& other,
                       const std::string& measure)
{
    const auto* const line = report.find(first, other, measure);
    if (line == nullptr)
        return {};
    return experimentMeasure(measure).label + ", " + labelOf(first) + " to " + labelOf(other) + ": " + inWords(*line) +
           ".";
}

void add(std::string& text, const std::string& sentence)
{
    if (!sentence.empty())
        text += (text.empty() ? "" : " ") + sentence;
}

std::string doPatchesWin(const ExperimentReport& report)
{
    std::string text;
    for (const auto* const arm : {"patches-rope-prior", "patches-rope", "patches-prior", "patches-sincos"}) {
        const auto* const line = report.find("cls", arm, "reconstruction.dino_distance");
        if (line == nullptr)
            continue;
        const bool wins = line->verdict == 1 && line->gain && *line->gain > winningMargin;
        add(text, (wins ? "Yes, by more than 10 %: " : "Not by more than 10 %: ") +
                      comparison(report, "cls", arm, "reconstruction.dino_distance"));
        for (const auto* const measure : {"reconstruction.layout_error", "reconstruction.psnr", "reconstruction.ssim"})
            add(text, comparison(report, "cls", arm, measure));
    }
    return text;
}

std::string whatTwoArmsDiffer(const ExperimentReport& report, const std::string& first, const std::string& other)
{
    std::string text;
    for (const auto* const measure : {"reconstruction.dino_distance", "reconstruction.layout_error",
                                      "dino_swap.place_error_other", "attention.alignment"})
        add(text, comparison(report, first, other, measure));
    return text;
}

std::string whatHolesDo(const ExperimentReport& report)
{
    auto text = whatTwoArmsDiffer(report, "patches-rope-prior", "patches-rope-prior-holes");
    for (const auto* const measure :
         {"text_only.text_match", "text_only.layout_error", "text_only.region_error", "text_only.things_right",
          "text_manipulation.obeyed", "region_edit.obeyed", "region_edit.outside_change"})
        add(text, comparison(report, "patches-rope-prior", "patches-rope-prior-holes", measure));
    return text;
}

std::string doesTextSurvive(const ExperimentReport& report)
{
    std::string text;
    for (const auto* const arm : {"cls", "patches-sincos", "patches-rope-prior", "patches-rope-prior-holes"}) {
        const auto* const match = report.find(arm, "text_only.text_match");
        if (match == nullptr)
            continue;
        add(text, labelOf(arm) + ": text match " + inWords(*match) +
                      (match->interval.low > 0.5    ? ", above chance (0.5)"
                       : match->interval.high < 0.5 ? ", below chance (0.5)"
                                                    : ", not distinguishable from chance (0.5)") +
                      ".");
        if (const auto* const layout = report.find(arm, "text_only.layout_error"))
            add(text, "Layout error with text alone " + inWords(*layout) + ".");
    }
    for (const auto* const measure : {"text_only.text_match", "text_only.layout_error", "reconstruction.dino_distance"})
        add(text, comparison(report, "cls", "patches-rope-prior", measure));
    return text;
}

std::string isClsAttended(const ExperimentReport& report)
{
    std::string text;
    for (const auto& arm : report.arms) {
        const auto* const share = report.find(arm, "attention.cls");
        const auto* const even = report.find(arm, "attention.cls_even");
        if (share == nullptr || even == nullptr || even->mean <= 0)
            continue;
        add(text, labelOf(arm) + ": " + sizeInPercent(share->mean) + " of attention (" +
                      sizeInPercent(share->interval.low) + " to " + sizeInPercent(share->interval.high) + "), " +
                      decimalText(share->mean / even->mean, 1) + " times a uniform share.");
    }
    return text;
}

/// What can be told from the first arm of a sweep, the better measures first.
std::string whatAnArmChanges(const ExperimentReport& report, const std::string& first, const std::string& other)
{
    std::string better, worse;
    int compared = 0, told = 0;
    for (const auto& line : report.differences) {
        if (line.first != first || line.other != other || !line.gain)
            continue;
        ++compared;
        if (line.verdict == 0)
            continue;
        ++told;
        auto& list = line.verdict > 0 ? better : worse;
        list += (list.empty() ? "" : "; ") + experimentMeasure(line.measure).label + " " + inWords(line);
    }
    std::string text;
    if (!better.empty())
        add(text, "Better: " + better + ".");
    if (!worse.empty())
        add(text, "Worse: " + worse + ".");
    if (compared > told)
        add(text, std::to_string(compared - told) + " of " + std::to_string(compared) +
                      " measures show no clear difference from " + first + "'s.");
    return text;
}

std::vector<ExperimentAnswer> answersOfSweep(const ExperimentReport& report)
{
    std::vector<ExperimentAnswer> answers;
    const auto& first = report.sweep.front();
    for (std::size_t i = 1; i < report.sweep.size(); ++i) {
        const auto& other = report.sweep[i];
        answers.push_back({"What does " + other.name + " change, compared with " + first.name + "?",
                           whatAnArmChanges(report, first.name, other.name)});
    }
    return answers;
}

} // namespace

std::string inWords(const ArmNumber& number)
{
    const auto decimals = experimentMeasure(number.measure).decimals;
    return decimalText(number.mean, decimals) + " (" + decimalText(number.interval.low, decimals) + " to " +
           decimalText(number.interval.high, decimals) + ")";
}

std::string inWords(const ArmDifference& line)
{
    const auto decimals = experimentMeasure(line.measure).decimals;
    auto text = decimalText(line.firstMean, decimals) + " to " + decimalText(line.otherMean, decimals);
    if (line.gain)
        text += ", " + sizeInPercent(*line.gain) + (*line.gain < 0 ? " worse" : " better");
    return text + " (difference " + decimalText(line.interval.low, decimals) + " to " +
           decimalText(line.interval.high, decimals) + " with 95 % confidence; " + std::to_string(line.bySeed.size()) +
           (line.bySeed.size() == 1 ? " seed, " : " seeds, ") + std::to_string(line.units) + " pairs each)";
}

std::vector<ExperimentAnswer> answersOf(const ExperimentReport& report)
{
    if (!report.sweep.empty())
        return answersOfSweep(report);
    std::vector<ExperimentAnswer> answers = {
        {"Are patches better than CLS alone?", doPatchesWin(report)},
        {"What does rotation gain over an added position?",
         whatTwoArmsDiffer(report, "patches-sincos", "patches-rope")},
        {"What does the prior add to rotation?", whatTwoArmsDiffer(report, "patches-rope", "patches-rope-prior")},
        {"What does rotation add to the prior?", whatTwoArmsDiffer(report, "patches-prior", "patches-rope-prior")},
        {"What do missing patches cost, and what do they do for text?", whatHolesDo(report)},
        {"What does misalignment cost?", whatTwoArmsDiffer(report, "patches-rope-prior", "misaligned")},
        {"Are misaligned patches still better than none?", whatTwoArmsDiffer(report, "cls", "misaligned")},
        {"Does text alone survive, with DINO dropped in 30 % of the samples?", doesTextSurvive(report)},
        {"Is CLS attended to?", isClsAttended(report)}};
    std::erase_if(answers, [](const ExperimentAnswer& answer) { return answer.answer.empty(); });
    return answers;
}

} // namespace nanodit
