#include "core/experiment/report_files.h"

#include "core/config/yaml.h"
#include "core/experiment/answers.h"
#include "core/experiment/contact_sheet.h"
#include "core/runtime/number_text.h"
#include "core/validate/report_file.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

namespace {

/// The picture of a task and record in a report; empty when it has none.
std::optional<Image> pictureOf(const ValidationReport& report, ValidationTask task, const std::string& record)
{
    for (const auto& picture : report.pictures) {
        if (picture.task == task && picture.record == record)
            return readImage(report.folder / picture.file);
    }
    return std::nullopt;
}

std::string cell(const std::string& text)
{
    return " " + text + " |";
}

std::string numbersMarkdown(const ExperimentReport& report)
{
    std::string text = "| measure |", line = "| --- |";
    for (const auto& arm : report.arms) {
        text += cell(report.arm(arm).label);
        line += " --- |";
    }
    text += "\n" + line + "\n";
    for (const auto& measure : measuredIn(report)) {
        text += "|";
        text += cell(measure.label);
        for (const auto& arm : report.arms) {
            const auto* const number = report.find(arm, measure.name);
            text += cell(number == nullptr ? "" : inWords(*number));
        }
        text += "\n";
    }
    return text;
}

std::string differencesMarkdown(const ExperimentReport& report, const std::string& first, const std::string& other)
{
    std::string text = "| measure |" + cell(report.arm(first).label) + cell(report.arm(other).label) +
                       " difference (95 %) | better by | pairs |\n| --- | --- | --- | --- | --- | --- |\n";
    for (const auto& line : report.differences) {
        if (line.first != first || line.other != other)
            continue;
        const auto& measure = experimentMeasure(line.measure);
        const auto number = [&measure](double value) { return decimalText(value, measure.decimals); };
        text += "|";
        for (const auto& part :
             {measure.label, number(line.firstMean), number(line.otherMean),
              number(line.difference) + " (" + number(line.interval.low) + " to " + number(line.interval.high) + ")",
              gainText(line) + (line.gain && line.verdict == 0 ? " (not distinguishable from 0)" : ""),
              std::to_string(line.bySeed.size()) + " x " + std::to_string(line.units)})
            text += cell(part);
        text += "\n";
    }
    return text;
}

/// Ten points of it at most.
std::string coursesTable(const ExperimentReport& report, const std::string& measure)
{
    std::vector<const ArmCourse*> courses;
    for (const auto& course : report.courses) {
        if (course.measure == measure)
            courses.push_back(&course);
    }
    if (courses.empty())
        return {};
    const auto& info = experimentMeasure(measure);
    const auto count = courses.front()->points.size(), every = (count + 9) / 10;
    std::string text = "\n## " + info.label + ", during training\n\n| up to step |", line = "| --- |";
    for (const auto* const course : courses) {
        text += cell(report.arm(course->arm).label);
        line += " --- |";
    }
    text += "\n" + line + "\n";
    for (std::size_t i = (count - 1) % every; i < count; i += every) {
        const auto step = courses.front()->points[i].step;
        text += "|";
        text += cell(std::to_string(step));
        for (const auto* const course : courses) {
            const auto point = std::ranges::find(course->points, step, &ArmCourse::Point::step);
            text += cell(point == course->points.end() ? "" : decimalText(point->mean, info.decimals));
        }
        text += "\n";
    }
    return text;
}

} // namespace

std::string titleOf(const ExperimentReport& report)
{
    return report.sweep.empty() ? "Patches compared with CLS alone"
                                : "Sweep over " + std::to_string(report.arms.size()) + " arms";
}

std::string gainText(const ArmDifference& line)
{
    if (!line.gain)
        return {};
    std::string text = *line.gain < 0 ? "-" : "+";
    return text.append(decimalText(std::abs(*line.gain) * 100, 1)).append(" %");
}

std::vector<ExperimentMeasure> measuredIn(const ExperimentReport& report)
{
    std::vector<ExperimentMeasure> measures;
    for (const auto& measure : experimentMeasures()) {
        if (std::ranges::any_of(report.numbers,
                                [&measure](const ArmNumber& number) { return number.measure == measure.name; }))
            measures.push_back(measure);
    }
    return measures;
}

std::vector<std::pair<std::string, std::string>> pairsIn(const ExperimentReport& report)
{
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const auto& line : report.differences) {
        if (pairs.empty() || pairs.back() != std::pair(line.first, line.other))
            pairs.emplace_back(line.first, line.other);
    }
    return pairs;
}

fs::path sheetFile(const ExperimentSheet& sheet)
{
    return fs::path("sheets") / (std::string(validationTaskNames[static_cast<std::size_t>(sheet.task)]) + ".png");
}

std::vector<ExperimentSheet> writeSheets(const fs::path& folder, const std::vector<std::string>& labels,
                                         const std::vector<ValidationReport>& reports, std::size_t scenes)
{
    std::vector<ExperimentSheet> sheets;
    fs::create_directories(folder / "sheets");
    const auto& first = reports.front();
    for (const auto task : first.settings.tasks) {
        ExperimentSheet sheet{.task = task, .columns = {}, .records = {}};
        const bool swap = task == ValidationTask::DinoSwap;
        sheet.columns = swap ? std::vector<std::string>{"source of the text", "source of CLS and patches"}
                             : std::vector<std::string>{"original"};
        sheet.columns.insert(sheet.columns.end(), labels.begin(), labels.end());
        std::vector<std::vector<Image>> rows;
        for (const auto& picture : first.pictures) {
            if (picture.task != task || rows.size() == scenes)
                continue;
            std::vector<Image> row = {readImage(first.folder / originalFile(picture.record))};
            if (swap)
                row.push_back(readImage(first.folder / originalFile(picture.other)));
            for (const auto& report : reports) {
                if (auto painted = pictureOf(report, task, picture.record))
                    row.push_back(std::move(*painted));
            }
            if (row.size() != sheet.columns.size())
                continue;
            rows.push_back(std::move(row));
            sheet.records.push_back(picture.record);
        }
        if (rows.empty())
            continue;
        writePng(folder / sheetFile(sheet), contactSheet(rows));
        sheets.push_back(std::move(sheet));
    }
    return sheets;
}

Json toJson(const ExperimentReport& report)
{
    Json json = {{"format", 1},
                 {"experiment", report.sweep.empty() ? "patches-vs-cls" : "sweep"},
                 {"config", toYaml(report.config)},
                 {"validation", toJson(report.validation)},
                 {"seeds", report.seeds}};
    for (const auto& name : report.arms) {
        const auto& arm = report.arm(name);
        json["arms"].push_back({{"name", arm.name}, {"label", arm.label}, {"what", arm.what}});
        if (!report.sweep.empty())
            json["arms"].back()["settings"] = arm.settings;
    }
    json["numbers"] = Json::array();
    for (const auto& number : report.numbers)
        json["numbers"].push_back({{"arm", number.arm},
                                   {"measure", number.measure},
                                   {"mean", number.mean},
                                   {"interval", {number.interval.low, number.interval.high}},
                                   {"by_seed", number.bySeed},
                                   {"units", number.units}});
    json["differences"] = Json::array();
    for (const auto& line : report.differences)
        json["differences"].push_back({{"first", line.first},
                                       {"other", line.other},
                                       {"measure", line.measure},
                                       {"first_mean", line.firstMean},
                                       {"other_mean", line.otherMean},
                                       {"difference", line.difference},
                                       {"interval", {line.interval.low, line.interval.high}},
                                       {"by_seed", line.bySeed},
                                       {"units", line.units},
                                       {"gain", line.gain ? Json(*line.gain) : Json()},
                                       {"verdict", line.verdict}});
    json["courses"] = Json::array();
    for (const auto& course : report.courses) {
        auto points = Json::array();
        for (const auto& point : course.points)
            points.push_back({point.step, point.mean});
        json["courses"].push_back({{"arm", course.arm}, {"measure", course.measure}, {"points", std::move(points)}});
    }
    json["answers"] = Json::array();
    for (const auto& answer : report.answers)
        json["answers"].push_back({{"question", answer.question}, {"answer", answer.answer}});
    json["notes"] = report.notes;
    json["sheets"] = Json::array();
    for (const auto& sheet : report.sheets)
        json["sheets"].push_back(sheet.string());
    return json;
}

std::string markdownOf(const ExperimentReport& report, const std::vector<ExperimentSheet>& sheets)
{
    auto text = "# " + titleOf(report) + "\n\n";
    for (const auto& arm : report.arms)
        text += "- **" + report.arm(arm).label + "**: " + report.arm(arm).what + "\n";
    text += "\n";
    for (const auto& note : report.notes)
        text += note + "\n";
    for (const auto& answer : report.answers)
        text += "\n**" + answer.question + "** " + answer.answer + "\n";
    text += "\n## Numbers\n\nMean over seeds and units, with its 95 % interval.\n\n" + numbersMarkdown(report);
    for (const auto& [first, other] : pairsIn(report))
        text += "\n## " + report.arm(other).label + " compared with " + report.arm(first).label + "\n\n" +
                differencesMarkdown(report, first, other);
    text += coursesTable(report, "loss.none") + coursesTable(report, "attention.alignment");
    for (const auto& sheet : sheets) {
        text += "\n![" + std::string(validationTaskNames[static_cast<std::size_t>(sheet.task)]) + "](" +
                sheetFile(sheet).string() + ")\n\n*";
        for (std::size_t i = 0; i < sheet.columns.size(); ++i)
            text += (i == 0 ? "From left to right: " : ", ") + sheet.columns[i];
        text += ".*\n";
    }
    return text;
}

} // namespace nanodit
