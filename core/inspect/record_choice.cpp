#include "core/inspect/record_choice.h"

#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <set>

namespace nanodit {

std::vector<std::size_t> chooseRecords(const std::vector<SurveyedRecord>& survey, const std::vector<std::string>& ids,
                                       std::int64_t sample)
{
    std::set<std::string> asked(ids.begin(), ids.end());
    std::vector<std::size_t> indices;
    for (std::size_t i = 0; i < survey.size(); ++i) {
        if (ids.empty() || asked.erase(survey[i].record.id) > 0)
            indices.push_back(i);
    }
    if (!asked.empty())
        throw UsageError("the workspace has no record \"" + *asked.begin() + "\"");
    const auto most = static_cast<std::size_t>(std::max<std::int64_t>(0, sample));
    if (most == 0 || indices.size() <= most)
        return indices;
    std::vector<std::pair<std::string, std::size_t>> hashed;
    for (const auto index : indices)
        hashed.emplace_back(sha256Hex(survey[index].record.id), index);
    std::ranges::nth_element(hashed, hashed.begin() + static_cast<std::ptrdiff_t>(most));
    indices.clear();
    for (std::size_t i = 0; i < most; ++i)
        indices.push_back(hashed[i].second);
    std::ranges::sort(indices);
    return indices;
}

} // namespace nanodit
