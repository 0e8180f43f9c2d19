#include "core/experiment/answers.h"
#include "core/experiment/report_files.h"
#include "core/io/atomic_file.h"
#include "core/validate/report_file.h"

#include <algorithm>
#include <span>

namespace nanodit {

namespace {

constexpr auto style =
    R"(:root{color-scheme:light dark;--ink:#1c1f24;--soft:#5a636e;--line:#d5dae0;--ground:#fff;--card:#f3f5f8;--good:#0072b2;--bad:#b4540a;
--s0:#5a636e;--s1:#0072b2;--s2:#e69f00;--s3:#009e73;--s4:#cc79a7}
@media(prefers-color-scheme:dark){:root{--ink:#e6e8eb;--soft:#9aa3ad;--line:#363b43;--ground:#1b1d21;--card:#23262b;--good:#6cb2f0;--bad:#f0a45c;
--s0:#9aa3ad;--s1:#4ba3dd;--s2:#f0b43c;--s3:#35c99b;--s4:#e09cc2}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--ground);max-width:1120px;margin:2rem auto;padding:0 1.5rem}
h1{font-size:1.6rem;line-height:1.25;margin:0}h2{font-size:1.15rem;margin:2.4rem 0 .4rem}p{margin:.4rem 0}.soft{color:var(--soft)}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.6rem 0}
th{text-align:left;color:var(--soft);font-weight:500;vertical-align:bottom}
th,td{padding:.35rem .9rem .35rem 0;border-bottom:1px solid var(--line)}td{vertical-align:top}
.number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}.state{white-space:nowrap}.good{color:var(--good)}.bad{color:var(--bad)}
figure{margin:1rem 0;background:var(--card);border-radius:8px;padding:.8rem}figure img{display:block;width:100%;border-radius:4px}
.row{display:grid;grid-auto-flow:column;grid-auto-columns:minmax(0,1fr);font-size:13px;color:var(--soft);text-align:center;margin-bottom:.4rem}
svg{width:100%;height:auto}svg text{fill:var(--soft);font:12px system-ui,sans-serif}svg .axis{stroke:var(--line);fill:none}
)";

std::string escaped(const std::string& text)
{
    std::string result;
    for (const char c : text) {
        if (c == '&')
            result += "&amp;";
        else if (c == '<')
            result += "&lt;";
        else if (c == '>')
            result += "&gt;";
        else if (c == '"')
            result += "&quot;";
        else
            result += c;
    }
    return result;
}

/// RFC 4648
std::string base64(std::span<const char> bytes)
{
    constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        const auto left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < left ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= left ? letters[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

constexpr std::array headings = {"Reconstruction", "DINO swap", "Text only", "Text manipulation"};
constexpr std::array explanations = {
    "Text, CLS and patches of one scene.", "Text of one scene, CLS and patches of another: whose layout is it?",
    "Text of one scene, null CLS and patches.", "As reconstruction, with one colour word of the caption replaced."};

/// A measure's courses over the steps, as an <svg> in the page's colours; curves are told apart by dashes, too.
std::string chart(const ExperimentReport& report, const std::string& measure)
{
    constexpr double width = 1000, height = 260, left = 60, right = 220, top = 14, bottom = 30;
    constexpr std::array dashes = {"", "8 4", "2 3", "12 4 2 4", "5 5"};
    std::vector<const ArmCourse*> courses;
    double low = 1e300, high = -1e300, last = 1;
    for (const auto& course : report.courses) {
        if (course.measure != measure)
            continue;
        courses.push_back(&course);
        for (const auto& point : course.points) {
            low = std::min(low, point.mean);
            high = std::max(high, point.mean);
            last = std::max(last, static_cast<double>(point.step));
        }
    }
    if (courses.empty())
        return {};
    if (high <= low)
        high = low + 1;
    const auto& info = experimentMeasure(measure);
    const auto x = [&](double step) { return left + (width - left - right) * step / last; };
    const auto y = [&](double value) { return top + (height - top - bottom) * (high - value) / (high - low); };
    const auto at = [](double value) { return numberText(value, 1); };
    std::string svg =
        "<h2>" + escaped(info.label) + ", while training</h2>\n<svg viewBox=\"0 0 1000 260\" role=\"img\">";
    for (int i = 0; i <= 4; ++i) {
        const double value = low + (high - low) * i / 4, step = last * i / 4;
        svg += "<path class=\"axis\" d=\"M" + at(left) + " " + at(y(value)) + "H" + at(width - right) +
               "\"/><text x=\"" + at(left - 8) + "\" y=\"" + at(y(value) + 4) + "\" text-anchor=\"end\">" +
               numberText(value, 2) + "</text><text x=\"" + at(x(step)) + "\" y=\"" + at(height - 8) +
               "\" text-anchor=\"middle\">" + numberText(step, 0) + "</text>";
    }
    for (std::size_t i = 0; i < courses.size(); ++i) {
        constexpr std::array colours = {"var(--s0)", "var(--s1)", "var(--s2)", "var(--s3)", "var(--s4)"};
        std::string path;
        for (const auto& point : courses[i]->points) {
            path += path.empty() ? "M" : "L";
            path += at(x(static_cast<double>(point.step))) + " " + at(y(point.mean));
        }
        const auto line = "fill=\"none\" stroke-width=\"2\" stroke-dasharray=\"" +
                          std::string(dashes[i % dashes.size()]) + "\" stroke=\"" + colours[i % colours.size()] +
                          "\"/>";
        const auto place = top + 20 * static_cast<double>(i);
        svg += "<path d=\"" + path + "\" " + line + "<path d=\"M" + at(width - right + 12) + " " + at(place) +
               "h30\" " + line + "<text x=\"" + at(width - right + 50) + "\" y=\"" + at(place + 4) + "\">" +
               escaped(experimentArm(courses[i]->arm).label) + "</text>";
    }
    return svg + "</svg>\n";
}

std::string numbersTable(const ExperimentReport& report)
{
    std::string page = "<div class=\"scroll\"><table><tr><th>Measure";
    for (const auto& arm : report.arms)
        page += "<th class=\"number\">" + escaped(experimentArm(arm).label);
    page += "</tr>\n";
    for (const auto& measure : measuredIn(report)) {
        page += "<tr><td title=\"" + escaped(measure.help) + "\">" + escaped(measure.label);
        for (const auto& arm : report.arms) {
            const auto* const number = report.find(arm, measure.name);
            page += "<td class=\"number\">";
            if (number != nullptr)
                page += numberText(number->mean, measure.decimals) + "<br><span class=\"soft\">" +
                        numberText(number->interval.low, measure.decimals) + " to " +
                        numberText(number->interval.high, measure.decimals) + "</span>";
        }
        page += "</tr>\n";
    }
    return page + "</table></div>\n";
}

std::string differencesTable(const ExperimentReport& report, const std::string& first, const std::string& other)
{
    std::string page = "<div class=\"scroll\"><table><tr><th>Measure<th class=\"number\">" +
                       escaped(experimentArm(first).label) + "<th class=\"number\">" +
                       escaped(experimentArm(other).label) +
                       "<th class=\"number\">Difference<th class=\"number\">95 % interval<th class=\"number\">Better "
                       "by<th>Verdict<th class=\"number\">Seeds x pairs</tr>\n";
    for (const auto& line : report.differences) {
        if (line.first != first || line.other != other)
            continue;
        const auto& measure = experimentMeasure(line.measure);
        const auto number = [&measure](double value) { return numberText(value, measure.decimals); };
        constexpr std::array verdicts = {"worse", "not told apart", "better"};
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
    const auto task = static_cast<std::size_t>(sheet.task);
    const auto png = readTextFile(report.folder / sheetFile(sheet));
    return "<h2>" + std::string(headings[task]) + "</h2>\n<p class=\"soft\">" + explanations[task] +
           " Models of the first seed.</p>\n<figure><div class=\"row\">" + columns +
           "</div><img alt=\"the same scenes by all arms\" src=\"data:image/png;base64," + base64(png) +
           "\"></figure>\n";
}

} // namespace

std::string pageOf(const ExperimentReport& report, const std::vector<ExperimentSheet>& sheets)
{
    std::string page = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                       "content=\"width=device-width\"><title>Patches against CLS alone</title>\n<style>";
    page += style;
    page += "</style>\n<h1>Patches against CLS alone</h1>\n";
    for (const auto& note : report.notes)
        page += "<p class=\"soft\">" + escaped(note) + "</p>\n";
    page += "<ul>\n";
    for (const auto& arm : report.arms)
        page += "<li><b>" + escaped(experimentArm(arm).label) + "</b>: " + escaped(experimentArm(arm).what) + "</li>\n";
    page += "</ul>\n";
    for (const auto& answer : report.answers)
        page += "<h2>" + escaped(answer.question) + "</h2>\n<p>" + escaped(answer.answer) + "</p>\n";
    for (const auto& sheet : sheets)
        page += sheetFigure(report, sheet);
    for (const auto* const measure : {"loss.none", "attention.alignment"})
        page += chart(report, measure);
    page += "<h2>All numbers</h2>\n<p class=\"soft\">Mean over seeds and units, with the 95 % interval of a bootstrap "
            "over both.</p>\n" +
            numbersTable(report);
    for (const auto& [first, other] : pairsIn(report))
        page += "<h2>" + escaped(experimentArm(first).label) + " against " + escaped(experimentArm(other).label) +
                "</h2>\n" + differencesTable(report, first, other);
    return page + "</html>\n";
}

} // namespace nanodit
