#include "core/io/atomic_file.h"
#include "core/validate/report_file.h"

#include <algorithm>
#include <span>

namespace nanodit {

namespace {

constexpr auto style =
    R"(:root{color-scheme:light dark;--ink:#1d2430;--soft:#5b6675;--line:#d9dee6;--ground:#fff;--card:#f5f7fa;--bar:#2a6fb0;
--met:#2a6fb0;--missed:#b4540a}
@media(prefers-color-scheme:dark){:root{--ink:#e3e8ef;--soft:#9aa6b5;--line:#39424f;--ground:#171c23;--card:#20262f;--bar:#6cb2f0;--met:#6cb2f0;
--missed:#f0a45c}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:1120px;margin:2rem auto;padding:0 1.5rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}p.soft,td.soft,figcaption{color:var(--soft)}
table{border-collapse:collapse;width:100%}th{text-align:left;color:var(--soft);font-weight:500}
th,td{padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);vertical-align:top}td.number,th.number{text-align:right;
font-variant-numeric:tabular-nums}.met{color:var(--met)}.missed{color:var(--missed)}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(310px,1fr));gap:1rem}
figure{margin:0;background:var(--card);border-radius:8px;padding:.8rem}figure img{width:48%;border-radius:4px;image-rendering:auto}
figure .pair{display:flex;justify-content:space-between;align-items:flex-start}figcaption{font-size:13px;margin-top:.5rem}
figcaption b{color:var(--ink);font-weight:500}
)";

constexpr std::array headings = {"Reconstruction", "DINO swap", "Text only", "Text manipulation"};
constexpr std::array explanations = {
    "Text, CLS and patches of one record. Left: painted, right: the original.",
    "Text of one record, CLS and patches of another. Left: painted, right: the picture whose CLS and patches were "
    "given.",
    "Text of one record, null CLS and patches. Left: painted, right: the picture the text describes.",
    "As reconstruction, with one colour word of the caption replaced. Left: painted, right: the original."};
/// By which pictures are sorted, worst first.
constexpr std::array sortedBy = {"dino_distance", "dino_distance_other", "text_match", "change"};

std::string escaped(const std::string& text)
{
    std::string result;
    for (const char c : text) {
        switch (c) {
        case '&':
            result += "&amp;";
            break;
        case '<':
            result += "&lt;";
            break;
        case '>':
            result += "&gt;";
            break;
        case '"':
            result += "&quot;";
            break;
        default:
            result += c;
        }
    }
    return result;
}

/// RFC 4648
std::string base64(std::span<const std::uint8_t> bytes)
{
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < left ? bytes[i + k] : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= left ? letters[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

std::string imageTag(const std::filesystem::path& file, const std::string& what)
{
    const auto png = readTextFile(file);
    const std::span bytes(reinterpret_cast<const std::uint8_t*>(png.data()), png.size());
    return "<img alt=\"" + escaped(what) + "\" src=\"data:image/png;base64," + base64(bytes) + "\">";
}

std::string milestonesTable(const ValidationReport& report)
{
    constexpr std::array names = {"met", "missed", "not known"};
    constexpr std::array marks = {"\u2713", "\u2717", "\u2013"};
    constexpr std::array classes = {"met", "missed", "soft"};
    std::string html = "<table><tr><th>Milestone<th>State<th>Found<th>Expected</tr>\n";
    for (const auto& milestone : report.milestones) {
        const auto state = static_cast<std::size_t>(milestone.state);
        html += "<tr><td>" + escaped(milestone.name) + "<td class=\"" + classes[state] + "\">" + marks[state] + " " +
                names[state] + "<td>" + escaped(milestone.found) + "<td class=\"soft\">" + escaped(milestone.expected) +
                "</tr>\n";
    }
    return html + "</table>\n";
}

std::string numbersTable(const ValidationReport& report, ValidationTask task)
{
    std::string html = "<table><tr><th>Metric<th class=\"number\">Mean<th class=\"number\">95 % interval<th "
                       "class=\"number\">n<th>Better<th>What it is</tr>\n";
    for (const auto& summary : report.summaries) {
        if (summary.task != task)
            continue;
        const auto& info = metricInfo(summary.metric);
        html += "<tr><td>" + escaped(info.label) + "<td class=\"number\">" + numberText(summary.mean, info.decimals) +
                "<td class=\"number\">";
        if (summary.interval)
            html += numberText(summary.interval->low, info.decimals) + " to " +
                    numberText(summary.interval->high, info.decimals);
        html += "<td class=\"number\">" + std::to_string(summary.n) + "<td>" +
                (info.better == Better::Lower ? "lower" : "higher") + "<td class=\"soft\">" + escaped(info.help) +
                "</tr>\n";
    }
    return html + "</table>\n";
}

std::string card(const ValidationReport& report, const ValidationPicture& picture)
{
    std::string numbers;
    for (const auto& metric : validationMetrics()) {
        if (const auto found = picture.values.find(metric.name); found != picture.values.end())
            numbers += (numbers.empty() ? "" : " \u00b7 ") + escaped(metric.label) + " " +
                       numberText(found->second, metric.decimals);
    }
    const auto& reference = picture.other.empty() ? picture.record : picture.other;
    return "<figure><div class=\"pair\">" + imageTag(report.folder / picture.file, "painted: " + picture.caption) +
           imageTag(report.folder / originalFile(reference), "original " + reference) + "</div><figcaption><b>" +
           escaped(picture.caption) + "</b><br>" + escaped(picture.record) +
           (picture.other.empty() ? "" : ", CLS and patches of " + escaped(picture.other)) + ", seed " +
           std::to_string(picture.seed) + "<br>" + numbers + "</figcaption></figure>\n";
}

std::string section(const ValidationReport& report, ValidationTask task)
{
    const auto index = static_cast<std::size_t>(task);
    std::vector<const ValidationPicture*> pictures;
    for (const auto& picture : report.pictures) {
        if (picture.task == task)
            pictures.push_back(&picture);
    }
    const std::string key = sortedBy[index];
    const bool lower = metricInfo(key).better == Better::Lower;
    std::stable_sort(pictures.begin(), pictures.end(), [&](const auto* a, const auto* b) {
        return lower ? a->values.at(key) > b->values.at(key) : a->values.at(key) < b->values.at(key);
    });
    std::string html = "<h2>" + std::string(headings[index]) + "</h2>\n<p class=\"soft\">" + explanations[index] +
                       " Worst first, by " + escaped(metricInfo(key).label) + ".</p>\n" + numbersTable(report, task) +
                       "<p></p><div class=\"cards\">\n";
    for (const auto* picture : pictures)
        html += card(report, *picture);
    return html + "</div>\n";
}

} // namespace

void writeReportPage(const ValidationReport& report, const std::filesystem::path& file)
{
    const auto& settings = report.settings;
    std::string html = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                       "content=\"width=device-width\"><title>Validation of " +
                       escaped(report.run) + ", step " + std::to_string(report.step) + "</title>\n<style>" + style +
                       "</style>\n<h1>Validation of " + escaped(report.run) + "</h1>\n<p class=\"soft\">" +
                       escaped(report.model) + " \u00b7 " + std::to_string(settings.steps) +
                       " sampler steps \u00b7 guidance: text " + numberText(settings.textScale, 1) + ", DINO " +
                       numberText(settings.dinoScale, 1) + " \u00b7 seed " + std::to_string(settings.seed) + "</p>\n";
    html += milestonesTable(report);
    for (const auto& note : report.notes)
        html += "<p class=\"soft\">" + escaped(note) + "</p>\n";
    for (const auto task : settings.tasks)
        html += section(report, task);
    writeFileAtomically(file, html + "</html>\n");
}

} // namespace nanodit
