#include "core/experiment/answers.h"
#include "core/experiment/report_files.h"
#include "core/runtime/number_text.h"
#include "core/validate/html.h"
#include "core/validate/line_chart.h"

namespace nanodit {

using html::escaped;

namespace {

constexpr std::int64_t sheetSide = 2048; ///< Pixels of the largest sheet on the page.

/// A measure's courses over the steps; nothing where none of the arms has it.
std::string chart(const ExperimentReport& report, const std::string& measure)
{
    std::vector<html::ChartCurve> curves;
    for (const auto& arm : report.arms) {
        html::ChartCurve curve{.name = report.arm(arm).label, .points = {}};
        for (const auto& course : report.courses) {
            if (course.arm != arm || course.measure != measure)
                continue;
            for (const auto& point : course.points)
                curve.points.push_back({.step = point.step, .mean = point.mean, .interval = {}});
        }
        curves.push_back(std::move(curve));
    }
    const auto svg = html::lineChart(experimentMeasure(measure).label, curves, 2, false);
    return svg.empty() ? svg : "<figure>" + svg + "</figure>\n";
}

std::string numbersHtml(const ExperimentReport& report)
{
    std::string page = "<div class=\"scroll\"><table><tr><th>Measure";
    for (const auto& arm : report.arms)
        page += "<th class=\"number\">" + escaped(report.arm(arm).label);
    page += "</tr>\n";
    for (const auto& measure : measuredIn(report)) {
        page += "<tr><td title=\"" + escaped(measure.help) + "\">" + escaped(measure.label);
        for (const auto& arm : report.arms) {
            const auto* const number = report.find(arm, measure.name);
            page += "<td class=\"number\">";
            if (number != nullptr)
                page += decimalText(number->mean, measure.decimals) + "<br><span class=\"soft\">" +
                        decimalText(number->interval.low, measure.decimals) + " to " +
                        decimalText(number->interval.high, measure.decimals) + "</span>";
        }
        page += "</tr>\n";
    }
    return page + "</table></div>\n";
}

std::string differencesHtml(const ExperimentReport& report, const std::string& first, const std::string& other)
{
    std::string page = "<div class=\"scroll\"><table><tr><th>Measure<th class=\"number\">" +
                       escaped(report.arm(first).label) + "<th class=\"number\">" + escaped(report.arm(other).label) +
                       "<th class=\"number\">Difference<th class=\"number\">95 % interval<th class=\"number\">Better "
                       "by<th>Verdict<th class=\"number\">Seeds x pairs</tr>\n";
    for (const auto& line : report.differences) {
        if (line.first != first || line.other != other)
            continue;
        const auto& measure = experimentMeasure(line.measure);
        const auto number = [&measure](double value) { return decimalText(value, measure.decimals); };
        constexpr std::array verdicts = {"worse", "no clear difference", "better"};
        constexpr std::array classes = {"bad", "soft", "good"};
        const auto verdict = static_cast<std::size_t>(line.verdict + 1);
        page += "<tr><td title=\"" + escaped(measure.help) + "\">" + escaped(measure.label) + "<td class=\"number\">" +
                number(line.firstMean) + "<td class=\"number\">" + number(line.otherMean) + "<td class=\"number\">" +
                number(line.difference) + "<td class=\"number\">" + number(line.interval.low) + " to " +
                number(line.interval.high) + "<td class=\"number\">" + gainText(line) + "<td class=\"state " +
                classes[verdict] + "\">" + (line.gain ? verdicts[verdict] : "") + "<td class=\"number\">" +
                std::to_string(line.bySeed.size()) + " x " + std::to_string(line.units) + "</tr>\n";
    }
    return page + "</table></div>\n";
}

std::string sheetFigure(const ExperimentReport& report, const ExperimentSheet& sheet)
{
    std::string columns;
    for (const auto& column : sheet.columns)
        columns += "<span>" + escaped(column) + "</span>";
    return "<h2>" + html::taskHeading(sheet.task) + "</h2>\n<p class=\"soft\">" + html::taskSentence(sheet.task) +
           " Models of the first seed.</p>\n<figure class=\"sheet\"><div class=\"row\">" + columns + "</div>" +
           html::imageTag(report.folder / sheetFile(sheet), "the same scenes by all arms", sheetSide) + "</figure>\n";
}

} // namespace

std::string pageOf(const ExperimentReport& report, const std::vector<ExperimentSheet>& sheets)
{
    const auto title = titleOf(report);
    auto page = html::pageBegin(title) + "<h1>" + title + "</h1>\n";
    for (const auto& note : report.notes)
        page += "<p class=\"soft\">" + escaped(note) + "</p>\n";
    page += "<ul>\n";
    for (const auto& arm : report.arms)
        page += "<li><b>" + escaped(report.arm(arm).label) + "</b>: " + escaped(report.arm(arm).what) + "</li>\n";
    page += "</ul>\n";
    for (const auto& answer : report.answers)
        page += "<h2>" + escaped(answer.question) + "</h2>\n<p>" + escaped(answer.answer) + "</p>\n";
    for (const auto& sheet : sheets)
        page += sheetFigure(report, sheet);
    if (const auto charts = chart(report, "loss.none") + chart(report, "attention.alignment"); !charts.empty())
        page += "<h2>During training</h2>\n<div class=\"cards wide\">" + charts + "</div>\n";
    page += "<h2>All numbers</h2>\n<p class=\"soft\">Mean over seeds and units, with the 95 % interval of a bootstrap "
            "over both.</p>\n" +
            numbersHtml(report);
    for (const auto& [first, other] : pairsIn(report))
        page += "<h2>" + escaped(report.arm(other).label) + " compared with " + escaped(report.arm(first).label) +
                "</h2>\n" + differencesHtml(report, first, other);
    return page + "</html>\n";
}

} // namespace nanodit
