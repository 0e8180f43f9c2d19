#include "core/io/atomic_file.h"
#include "core/runtime/number_text.h"
#include "core/validate/html.h"
#include "core/validate/report_file.h"

#include <algorithm>

namespace nanodit {

using html::escaped;

namespace {

std::string milestonesTable(const ValidationReport& report)
{
    constexpr std::array names = {"met", "missed", "not known"};
    constexpr std::array marks = {"\u2713", "\u2717", "\u2013"};
    constexpr std::array classes = {"good", "bad", "soft"};
    std::string page = "<div class=\"scroll\"><table><tr><th>Check<th>State<th>Found<th>Expected</tr>\n";
    for (const auto& milestone : report.milestones) {
        const auto state = static_cast<std::size_t>(milestone.state);
        page += "<tr><td>" + escaped(milestone.name) + "<td class=\"state " + classes[state] + "\">" + marks[state] +
                " " + names[state] + "<td>" + escaped(milestone.found) + "<td class=\"soft\">" +
                escaped(milestone.expected) + "</tr>\n";
    }
    return page + "</table></div>\n";
}

const char* betterText(Better better)
{
    return better == Better::Unknown ? "" : better == Better::Lower ? "lower" : "higher";
}

std::string numbersTable(const ValidationReport& report, ValidationTask task)
{
    std::string page =
        "<div class=\"scroll\"><table><tr><th>Metric<th class=\"number\">Mean<th class=\"number\">95 % interval<th "
        "class=\"number\">n<th>Better<th>Meaning</tr>\n";
    for (const auto& summary : report.summaries) {
        if (summary.task != task)
            continue;
        const auto& info = metricInfo(summary.metric);
        page += "<tr><td>" + escaped(info.label) + "<td class=\"number\">" + decimalText(summary.mean, info.decimals) +
                "<td class=\"number\">";
        if (summary.interval)
            page += decimalText(summary.interval->low, info.decimals) + " to " +
                    decimalText(summary.interval->high, info.decimals);
        page += "<td class=\"number\">" + std::to_string(summary.n) + "<td>" + betterText(info.better) +
                "<td class=\"soft\">" + escaped(info.help) + "</tr>\n";
    }
    return page + "</table></div>\n";
}

/// The training picture that a painted one is most like, to be seen beside it.
std::string nearestPicture(const ValidationReport& report, const ValidationPicture& picture)
{
    const auto file = report.folder / nearestFile(picture);
    if (picture.nearest.empty() || !std::filesystem::exists(file))
        return {};
    return "<div><span>nearest in training</span>" + html::imageTag(file, "nearest in training: " + picture.nearest) +
           "</div>";
}

std::string card(const ValidationReport& report, const ValidationPicture& picture)
{
    std::string numbers;
    for (const auto& metric : validationMetrics()) {
        if (const auto found = picture.values.find(metric.name); found != picture.values.end())
            numbers += (numbers.empty() ? "" : " \u00b7 ") + escaped(metric.label) + " " +
                       decimalText(found->second, metric.decimals);
    }
    const auto beside = html::referenceTitle(picture.task);
    return "<figure><div class=\"row\"><div><span>generated</span>" +
           html::imageTag(report.folder / picture.file, "generated: " + picture.caption) + "</div><div><span>" +
           beside + "</span>" + html::imageTag(report.folder / referenceFile(picture), beside) + "</div>" +
           nearestPicture(report, picture) + "</div><figcaption><b>" + escaped(picture.caption) + "</b><br>" +
           escaped(picture.record) + (picture.other.empty() ? "" : ", CLS and patches of " + escaped(picture.other)) +
           (picture.nearest.empty() ? "" : ", nearest in training: " + escaped(picture.nearest)) + ", seed " +
           std::to_string(picture.seed) + "<br>" + numbers + "</figcaption></figure>\n";
}

std::string section(const ValidationReport& report, ValidationTask task)
{
    const auto key = keyMetric(task);
    auto page = "<h2>" + html::taskHeading(task) + "</h2>\n<p class=\"soft\">" + html::taskSentence(task) + "</p>\n" +
                numbersTable(report, task) + "<p class=\"soft\">Worst first, by " + escaped(metricInfo(key).label) +
                ".</p>\n<div class=\"cards\">\n";
    for (const auto index : worstFirst(report, task, key))
        page += card(report, report.pictures[index]);
    return page + "</div>\n";
}

} // namespace

void writeReportPage(const ValidationReport& report, const std::filesystem::path& file)
{
    const auto& settings = report.settings;
    auto page = html::pageBegin("Validation of " + report.run + ", step " + std::to_string(report.step)) +
                "<h1>Validation of " + escaped(report.run) + "</h1>\n<p class=\"soft\">" + escaped(report.model) +
                " \u00b7 " + std::to_string(settings.steps) + " sampler steps \u00b7 guidance: text " +
                decimalText(settings.textScale, 1) + ", DINO " + decimalText(settings.dinoScale, 1) + " \u00b7 seed " +
                std::to_string(settings.seed) + "</p>\n";
    page += milestonesTable(report);
    for (const auto& note : report.notes)
        page += "<p class=\"soft\">" + escaped(note) + "</p>\n";
    for (const auto task : settings.tasks)
        page += section(report, task);
    writeFileAtomically(file, page + "</html>\n");
}

} // namespace nanodit
