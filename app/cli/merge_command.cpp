#include "app/cli/commands.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"

namespace nanodit::cli {

namespace {

std::string listed(const std::vector<std::int64_t>& ranks)
{
    std::string text;
    for (const auto rank : ranks)
        text += (text.empty() ? "" : ", ") + std::to_string(rank);
    return text.empty() ? "none" : text;
}

void runMerge(Options& options)
{
    const auto merged = mergeRanks(Workspace::open(options.workspace));
    auto text = "ranks merged: " + listed(merged.taken) + "; still running: " + listed(merged.atWork) + "\n";
    auto sets = nlohmann::json::array();
    for (const auto& set : merged.sets) {
        text += "the set " + set.name + ": " + std::to_string(set.samples) + " samples in " +
                std::to_string(set.shards) + " shards\n";
        sets.push_back({{"set", set.name}, {"samples", set.samples}, {"shards", set.shards}});
    }
    printResult(options.output, text, {{"merged", merged.taken}, {"at_work", merged.atWork}, {"sets", sets}});
}

} // namespace

void registerMerge(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "merge", "Merge the results of finished ranks into the catalog, and combine the shards they packed");
    command->callback([&options] { runMerge(options); });
}

} // namespace nanodit::cli
