#include "core/io/atomic_file.h"
#include "core/io/foreign_text.h"
#include "core/runtime/number_text.h"
#include "core/validate/comparison.h"
#include "core/validate/html.h"
#include "core/validate/line_chart.h"
#include "core/validate/report_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit {

namespace fs = std::filesystem;
using html::escaped;
using Json = nlohmann::ordered_json;

namespace {

constexpr std::array verdictWords = {"worse", "", "better"};

const char* wordOf(const MetricDifference& line)
{
    return verdictWords[static_cast<std::size_t>(line.verdict + 1)];
}

std::string signedText(double value, int decimals)
{
    std::string text(value > 0 ? 1 : 0, '+');
    text += decimalText(value, decimals);
    return text;
}

std::string intervalText(const std::optional<Interval>& interval, int decimals)
{
    return interval ? signedText(interval->low, decimals) + " to " + signedText(interval->high, decimals) : "\u2013";
}

/// The arrow shows which way the number went; word and colour whether that is good.
std::string verdictCell(const MetricDifference& line)
{
    if (line.verdict == 0)
        return "<td class=\"state soft\">" + std::string(line.interval ? "no clear difference" : "no interval");
    return std::string("<td class=\"state ") + (line.verdict > 0 ? "good" : "bad") + "\">" +
           (line.difference > 0 ? "\u25b2 " : "\u25bc ") + wordOf(line);
}

std::string differencesTable(const RunComparison& comparison, std::size_t other)
{
    const auto& lines = comparison.differences[other - 1];
    std::string page = "<div class=\"scroll\"><table><tr><th>Test<th>Metric<th class=\"number\">" +
                       escaped(comparison.nameOf(0)) + "<th class=\"number\">" + escaped(comparison.nameOf(other)) +
                       "<th class=\"number\">Difference<th class=\"number\">95 % interval<th "
                       "class=\"number\">n<th>Verdict</tr>\n";
    std::optional<ValidationTask> task;
    for (const auto& line : lines) {
        const auto& info = metricInfo(line.metric);
        page += "<tr><td>" + (task != line.task ? html::taskHeading(line.task) : std::string()) + "<td title=\"" +
                escaped(info.help) + "\">" + escaped(info.label) + "<td class=\"number\">" +
                decimalText(line.first, info.decimals) + "<td class=\"number\">" +
                decimalText(line.other, info.decimals) + "<td class=\"number\">" +
                signedText(line.difference, info.decimals) + "<td class=\"number\">" +
                intervalText(line.interval, info.decimals) + "<td class=\"number\">" + std::to_string(line.n) +
                verdictCell(line) + "</tr>\n";
        task = line.task;
    }
    return page + "</table></div>\n";
}

std::string charts(const RunComparison& comparison)
{
    std::string page;
    std::vector<html::ChartCurve> losses;
    for (const auto& course : comparison.losses)
        losses.push_back({.name = course.run, .points = course.points});
    if (const auto chart = html::lineChart("Training loss", losses, 2, false); !chart.empty())
        page += "<figure>" + chart + "</figure>\n";
    for (auto next = comparison.courses.begin(); next != comparison.courses.end();) {
        const auto first = next;
        std::vector<html::ChartCurve> curves;
        bool moves = false;
        for (; next != comparison.courses.end() && next->task == first->task && next->metric == first->metric; ++next) {
            curves.push_back({.name = next->run, .points = next->points});
            moves = moves || next->points.size() > 1;
        }
        if (!moves) // a step each is what the table says already
            continue;
        const auto& info = metricInfo(first->metric);
        page += "<figure>" +
                html::lineChart(html::taskHeading(first->task) + ": " + info.label, curves, info.decimals, true) +
                "</figure>\n";
    }
    return page;
}

/// The counterpart of a picture in another report: the same task, record, reference and seed.
const ValidationPicture* counterpart(const ValidationReport& report, const ValidationPicture& picture)
{
    const auto found =
        std::find_if(report.pictures.begin(), report.pictures.end(), [&](const ValidationPicture& candidate) {
            return candidate.task == picture.task && candidate.record == picture.record &&
                   candidate.other == picture.other && candidate.seed == picture.seed;
        });
    return found == report.pictures.end() ? nullptr : &*found;
}

std::string cell(const std::string& name, const fs::path& file, const std::string& what)
{
    return "<div><span title=\"" + escaped(name) + "\">" + escaped(name) + "</span>" + html::imageTag(file, what) +
           "</div>";
}

/// The pictures of one task, those first that came off worst in the last of the runs.
std::string pictures(const RunComparison& comparison, ValidationTask task)
{
    const auto& last = comparison.reports.back();
    const auto key = keyMetric(task);
    const auto& info = metricInfo(key);
    std::string page;
    for (const auto index : worstFirst(last, task, key)) {
        const auto& picture = last.pictures[index];
        std::string row = cell(html::referenceTitle(task), last.folder / referenceFile(picture),
                               html::referenceTitle(task)),
                    values;
        bool everywhere = true;
        for (std::size_t i = 0; i < comparison.reports.size(); ++i) {
            const auto* const own = counterpart(comparison.reports[i], picture);
            everywhere = everywhere && own != nullptr;
            if (own == nullptr)
                break;
            const auto name = comparison.nameOf(i);
            row += cell(name, comparison.reports[i].folder / own->file, "generated by " + name);
            if (const auto value = own->values.find(key); value != own->values.end())
                values += (values.empty() ? "" : " \u00b7 ") + escaped(name) + " " +
                          decimalText(value->second, info.decimals);
        }
        if (everywhere)
            page += "<figure><div class=\"row\">" + row + "</div><figcaption><b>" + escaped(picture.caption) +
                    "</b><br>" + escaped(picture.record) +
                    (picture.other.empty() ? "" : ", CLS and patches of " + escaped(picture.other)) + ", seed " +
                    std::to_string(picture.seed) + "<br>" + escaped(info.label) + ": " + values +
                    "</figcaption></figure>\n";
    }
    if (page.empty())
        return {};
    return "<h3>" + html::taskHeading(task) + "</h3>\n<p class=\"soft\">" + html::taskSentence(task) +
           " Same record, same noise; worst of " + escaped(comparison.nameOf(comparison.reports.size() - 1)) +
           " first, by " + escaped(info.label) + ".</p>\n<div class=\"cards wide\">" + page + "</div>\n";
}

Json toJson(const std::optional<Interval>& interval)
{
    return interval ? Json{interval->low, interval->high} : Json();
}

Json toJson(const RunComparison& comparison)
{
    Json json = {{"format", "nanodit-comparison"}, {"version", 1}};
    auto& reports = json["reports"] = Json::array();
    for (std::size_t i = 0; i < comparison.reports.size(); ++i) {
        const auto& report = comparison.reports[i];
        reports.push_back({{"name", comparison.nameOf(i)},
                           {"folder", report.folder.string()},
                           {"run", report.run},
                           {"step", report.step},
                           {"model", report.model}});
    }
    auto& differences = json["differences"] = Json::array();
    for (std::size_t i = 0; i < comparison.differences.size(); ++i) {
        for (const auto& line : comparison.differences[i])
            differences.push_back({{"first", comparison.nameOf(0)},
                                   {"other", comparison.nameOf(i + 1)},
                                   {"task", validationTaskNames[static_cast<std::size_t>(line.task)]},
                                   {"metric", line.metric},
                                   {"first_mean", line.first},
                                   {"other_mean", line.other},
                                   {"difference", line.difference},
                                   {"interval", toJson(line.interval)},
                                   {"n", line.n},
                                   {"verdict", wordOf(line)}});
    }
    auto& courses = json["courses"] = Json::array();
    for (const auto& course : comparison.courses) {
        auto points = Json::array();
        for (const auto& point : course.points)
            points.push_back({{"step", point.step}, {"mean", point.mean}, {"interval", toJson(point.interval)}});
        courses.push_back({{"run", course.run},
                           {"task", validationTaskNames[static_cast<std::size_t>(course.task)]},
                           {"metric", course.metric},
                           {"points", points}});
    }
    return json;
}

} // namespace

void writeComparison(const RunComparison& comparison, const fs::path& file)
{
    std::string title = "Comparison of " + comparison.nameOf(0);
    for (std::size_t i = 1; i < comparison.reports.size(); ++i)
        title += (i + 1 == comparison.reports.size() ? " and " : ", ") + comparison.nameOf(i);
    const auto& settings = comparison.reports.front().settings;
    auto page = html::pageBegin(title) + "<h1>" + escaped(title) + "</h1>\n<p class=\"soft\">" +
                std::to_string(settings.steps) + " sampler steps \u00b7 guidance: text " +
                decimalText(settings.textScale, 1) + ", DINO " + decimalText(settings.dinoScale, 1) +
                "<br>Intervals are of the mean difference between pairs of pictures: same test, record and noise. A "
                "difference is called better or worse only if its interval excludes 0.</p>\n<div "
                "class=\"scroll\"><table><tr><th>Run"
                "<th class=\"number\">Step<th>Model</tr>\n";
    for (std::size_t i = 0; i < comparison.reports.size(); ++i)
        page += "<tr><td>" + escaped(comparison.nameOf(i)) + "<td class=\"number\">" +
                std::to_string(comparison.reports[i].step) + "<td class=\"soft\">" +
                escaped(comparison.reports[i].model) + "</tr>\n";
    page += "</table></div>\n<h2>Differences</h2>\n";
    for (std::size_t i = 1; i < comparison.reports.size(); ++i)
        page += differencesTable(comparison, i);
    if (const auto curves = charts(comparison); !curves.empty())
        page += "<h2>Over the steps</h2>\n<div class=\"cards wide\">" + curves + "</div>\n";
    page += "<h2>Side by side</h2>\n";
    for (std::size_t task = 0; task < validationTaskNames.size(); ++task)
        page += pictures(comparison, static_cast<ValidationTask>(task));
    writeFileAtomically(file, page + "</html>\n");
    writeFileAtomically(fs::path(file).replace_extension(".json"), dumpForeignJson(toJson(comparison), 1) + "\n");
}

} // namespace nanodit
