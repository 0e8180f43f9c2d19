#include "app/cli/record_text.h"

#include "app/cli/wording.h"
#include "core/geometry/bucket.h"

#include <nlohmann/json.hpp>

namespace nanodit::cli {

std::string joined(const std::vector<std::string>& parts, const char* between)
{
    std::string text;
    for (const auto& part : parts)
        text += (text.empty() ? "" : between) + part;
    return text;
}

std::string arraysText(const RecordInfo& record)
{
    std::vector<std::string> parts;
    for (std::size_t i = 0; i < record.arrays.size(); ++i) {
        if (record.arrays[i] == ArrayState::Whole)
            continue;
        std::vector<std::string> changes;
        for (const auto& change : record.changes[i])
            changes.push_back(inWords(change));
        const bool invalid = record.arrays[i] == ArrayState::Wrong;
        parts.push_back(std::string(arrayFolderNames[i]) + " " +
                        (invalid ? "invalid" : stateNames[static_cast<std::size_t>(record.arrays[i])]) +
                        (changes.empty() ? "" : " (" + joined(changes) + ")"));
    }
    return joined(parts);
}

nlohmann::json recordJson(const RecordInfo& record)
{
    using nlohmann::json;
    auto arrays = json::object();
    for (std::size_t i = 0; i < record.arrays.size(); ++i) {
        auto changes = json::array();
        for (const auto& change : record.changes[i])
            changes.push_back(inWords(change));
        arrays[arrayFolderNames[i]] = {{"state", stateNames[static_cast<std::size_t>(record.arrays[i])]},
                                       {"changed", changes},
                                       {"adopted", record.adopted[i]}};
    }
    return {{"id", record.id},
            {"image", record.image.string()},
            {"caption", record.caption},
            {"split", record.split},
            {"original", bucketName(record.original)},
            {"bucket", bucketName(record.bucket)},
            {"tags", record.tags},
            {"excluded", record.excluded},
            {"excluded_by_rule", record.excludedByRule},
            {"problem", noticeText(record.problem, record.remedy)},
            {"arrays", arrays}};
}

} // namespace nanodit::cli
