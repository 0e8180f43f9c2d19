#include "core/runtime/number_text.h"
#include "core/validate/report_file.h"
#include "core/validate/validation.h"

#include <algorithm>
#include <set>

namespace nanodit {

namespace {

std::string csvField(const std::string& text)
{
    if (text.find_first_of(",\"\r\n") == std::string::npos)
        return text;
    std::string quoted = "\"";
    for (const char c : text)
        quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

} // namespace

std::vector<std::size_t> worstFirst(const ValidationReport& report, ValidationTask task, const std::string& metric)
{
    const bool lowerIsBetter = metricInfo(metric).better == Better::Lower;
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < report.pictures.size(); ++i) {
        if (report.pictures[i].task == task)
            order.push_back(i);
    }
    std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
        const auto& first = report.pictures[a].values;
        const auto& second = report.pictures[b].values;
        const auto x = first.find(metric), y = second.find(metric);
        if (x == first.end() || y == second.end())
            return x != first.end() && y == second.end();
        return lowerIsBetter ? x->second > y->second : x->second < y->second;
    });
    return order;
}

std::string nearestFile(const ValidationPicture& picture)
{
    return "nearest/" + picture.nearest + ".png";
}

std::string referenceFile(const ValidationPicture& picture)
{
    const bool besideTheUnchanged =
        picture.task == ValidationTask::TextOverDino || picture.task == ValidationTask::RegionEdit;
    if (besideTheUnchanged && !picture.unchanged.empty())
        return picture.unchanged;
    return originalFile(picture.other.empty() ? picture.record : picture.other);
}

std::string picturesAsCsv(const ValidationReport& report)
{
    std::set<std::string> measured;
    for (const auto& picture : report.pictures) {
        for (const auto& [name, value] : picture.values)
            measured.insert(name);
    }
    std::vector<const MetricInfo*> columns;
    for (const auto& metric : validationMetrics()) {
        if (measured.count(metric.name) != 0)
            columns.push_back(&metric);
    }
    std::string csv = "task,record,other,seed,caption,file,nearest";
    for (const auto* column : columns)
        csv += "," + column->name;
    csv += "\r\n";
    for (const auto& picture : report.pictures) {
        csv += std::string(validationTaskNames[static_cast<std::size_t>(picture.task)]) + "," +
               csvField(picture.record) + "," + csvField(picture.other) + "," + std::to_string(picture.seed) + "," +
               csvField(picture.caption) + "," + csvField(picture.file) + "," + csvField(picture.nearest);
        for (const auto* column : columns) {
            const auto found = picture.values.find(column->name);
            csv += ',';
            if (found != picture.values.end())
                csv += decimalText(found->second, 6);
        }
        csv += "\r\n";
    }
    return csv;
}

} // namespace nanodit
