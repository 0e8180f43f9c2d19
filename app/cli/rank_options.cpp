#include "app/cli/rank_options.h"

#include <nlohmann/json.hpp>

#include <cstdlib>

namespace nanodit::cli {

namespace {

std::string listed(const std::vector<std::int64_t>& ranks)
{
    std::string text;
    for (const auto rank : ranks)
        text += (text.empty() ? "" : ", ") + std::to_string(rank);
    return text.empty() ? "none" : text;
}

} // namespace

void RankOptions::addTo(CLI::App& command)
{
    command.add_option("--rank", rank,
                       "Which of several processes this is, from 0; otherwise as torchrun, mpirun or srun tell");
    command.add_option("--world-size", worldSize, "How many processes share the records");
}

RankShare RankOptions::share() const
{
    return rankShare(rank, worldSize, [](const char* name) { return std::getenv(name); });
}

void addMergeCommand(CLI::App& app, Options& options)
{
    auto* const merge = app.add_subcommand(
        "merge", "Enter what ranks that have ended made into the catalog, and put the shards they packed together");
    merge->callback([&options] {
        const auto merged = mergeRanks(Workspace::open(options.workspace));
        auto text = "ranks merged: " + listed(merged.taken) + "; still at work: " + listed(merged.atWork) + "\n";
        auto sets = nlohmann::json::array();
        for (const auto& set : merged.sets) {
            text += "the set " + set.name + ": " + std::to_string(set.samples) + " samples in " +
                    std::to_string(set.shards) + " shards\n";
            sets.push_back({{"set", set.name}, {"samples", set.samples}, {"shards", set.shards}});
        }
        printResult(options.output, text, {{"merged", merged.taken}, {"at_work", merged.atWork}, {"sets", sets}});
    });
}

} // namespace nanodit::cli
