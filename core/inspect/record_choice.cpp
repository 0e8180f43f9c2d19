#include "core/inspect/record_choice.h"

#include "core/io/sha256.h"
#include "core/runtime/error.h"

#include <algorithm>
#include <set>
#include <utility>

namespace nanodit {

std::vector<Record> includedRecords(const Workspace& workspace, const Catalog& catalog)
{
    auto records = catalog.records();
    std::erase_if(records, [](const Record& record) { return !record.excluded.empty(); });
    if (records.empty())
        throw noRecordsLeft(workspace, catalog);
    return records;
}

std::vector<Record> chooseRecords(std::vector<Record> records, const std::vector<std::string>& ids, std::int64_t sample)
{
    std::set<std::string> asked(ids.begin(), ids.end());
    std::erase_if(records, [&](const Record& record) { return !ids.empty() && asked.erase(record.id) == 0; });
    if (!asked.empty())
        throw UsageError("the workspace has no record \"" + *asked.begin() + "\", or it is excluded");
    const auto most = static_cast<std::size_t>(std::max<std::int64_t>(0, sample));
    if (most == 0 || records.size() <= most)
        return records;
    std::vector<std::pair<std::string, std::size_t>> hashed;
    for (std::size_t i = 0; i < records.size(); ++i)
        hashed.emplace_back(sha256Hex(records[i].id), i);
    std::ranges::nth_element(hashed, hashed.begin() + static_cast<std::ptrdiff_t>(most));
    hashed.resize(most);
    std::ranges::sort(hashed, {}, &std::pair<std::string, std::size_t>::second);
    std::vector<Record> chosen;
    for (const auto& [hash, index] : hashed)
        chosen.push_back(std::move(records[index]));
    return chosen;
}

} // namespace nanodit
