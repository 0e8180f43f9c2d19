#include "app/cli/shard_check_command.h"

#include "app/cli/wording.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace nanodit::cli {

namespace {

constexpr std::size_t mostShown = 20;

std::string certificatesText(const ShardSetCheck& check)
{
    std::string text;
    for (const auto& [verdict, count] : check.certificates)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + verdict;
    return text;
}

} // namespace

void runShardCheck(Options& options)
{
    std::vector<ShardSetCheck> checks;
    const auto job = makeShardCheckJob({.workspace = Workspace::open(options.workspace),
                                        .finished = [&checks](const auto& found) { checks = found; }});
    if (runJob(*job, options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    std::vector<std::vector<std::string>> rows = {{"set", "samples", "shards", "bytes", "certificates", "problems"}};
    auto sets = nlohmann::json::array();
    std::string problems;
    for (const auto& check : checks) {
        rows.push_back({check.set, std::to_string(check.samples), std::to_string(check.shards),
                        std::to_string(check.bytes), certificatesText(check), std::to_string(check.problems.size())});
        auto list = nlohmann::json::array();
        for (const auto& problem : check.problems)
            list.push_back({{"what", problem.what}, {"reason", noticeText(problem.reason, problem.remedy)}});
        for (std::size_t i = 0; i < std::min(mostShown, check.problems.size()); ++i)
            problems += "  " + check.problems[i].what + ": " +
                        noticeText(check.problems[i].reason, check.problems[i].remedy) + "\n";
        if (check.problems.size() > mostShown)
            problems += "  and " + std::to_string(check.problems.size() - mostShown) + " more (--json lists all)\n";
        sets.push_back({{"set", check.set},
                        {"samples", check.samples},
                        {"shards", check.shards},
                        {"bytes", check.bytes},
                        {"certificates", check.certificates},
                        {"problems", list}});
        if (!check.problems.empty())
            options.exitCode = 1;
    }
    printResult(options.output, table(rows) + problems, {{"sound", options.exitCode == 0}, {"sets", sets}});
}

} // namespace nanodit::cli
