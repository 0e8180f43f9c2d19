#include "app/cli/commands.h"
#include "app/cli/number_checks.h"
#include "app/cli/rank_options.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"

namespace nanodit::cli {

namespace {

using nlohmann::json;

void runShard(std::int64_t shardSize, bool overwrite, const RankOptions& ranks, Options& options)
{
    ShardReport report;
    const auto job = makeShardJob({.workspace = Workspace::open(options.workspace),
                                   .shardSize = shardSize,
                                   .overwrite = overwrite,
                                   .share = ranks.share(),
                                   .finished = [&report](const auto& r) { report = r; }});
    if (runJob(*job, options.output) == JobEnd::Cancelled)
        return;
    std::vector<std::vector<std::string>> rows = {{"set", "samples", "shards", "skipped_incomplete",
                                                   "skipped_misaligned", "skipped_stale", "skipped_nonfinite",
                                                   "masked"}};
    auto sets = json::array();
    std::string skipped;
    for (const auto& set : report.sets) {
        rows.push_back({set.set, std::to_string(set.samples), std::to_string(set.shards),
                        std::to_string(set.skippedIncomplete), std::to_string(set.skippedMisaligned),
                        std::to_string(set.skippedStale), std::to_string(set.skippedNonfinite),
                        std::to_string(set.masked)});
        sets.push_back({{"set", set.set},
                        {"samples", set.samples},
                        {"shards", set.shards},
                        {"skipped_incomplete", set.skippedIncomplete},
                        {"skipped_misaligned", set.skippedMisaligned},
                        {"skipped_stale", set.skippedStale},
                        {"skipped_nonfinite", set.skippedNonfinite},
                        {"masked", set.masked},
                        {"skipped", rejectsJson(set.skipped)}});
        skipped += listText(set.skipped);
    }
    printResult(options.output, table(rows) + skipped, {{"sets", sets}});
}

std::string certificatesText(const ShardSetCheck& check)
{
    std::string text;
    for (const auto& [verdict, count] : check.certificates)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + verdict;
    return text;
}

/// Checks every set that is there, and packs nothing.
void runCheck(Options& options)
{
    std::vector<ShardSetCheck> checks;
    const auto job = makeShardCheckJob({.workspace = Workspace::open(options.workspace),
                                        .finished = [&checks](const auto& found) { checks = found; }});
    if (runJob(*job, options.output, "") == JobEnd::Cancelled)
        return;
    std::vector<std::vector<std::string>> rows = {{"set", "samples", "shards", "bytes", "certificates", "problems"}};
    auto sets = json::array();
    std::string problems;
    for (const auto& check : checks) {
        rows.push_back({check.set, std::to_string(check.samples), std::to_string(check.shards),
                        std::to_string(check.bytes), certificatesText(check), std::to_string(check.problems.size())});
        problems += listText(check.problems);
        sets.push_back({{"set", check.set},
                        {"samples", check.samples},
                        {"shards", check.shards},
                        {"bytes", check.bytes},
                        {"certificates", check.certificates},
                        {"problems", rejectsJson(check.problems)}});
        if (!check.problems.empty())
            options.exitCode = exitFailed;
    }
    printResult(options.output, table(rows) + problems, {{"sound", options.exitCode == exitDone}, {"sets", sets}});
}

} // namespace

void registerShard(CLI::App& app, Options& options)
{
    struct Arguments {
        std::int64_t shardSize = 1000;
        bool overwrite = false, check = false;
        RankOptions ranks;
    };
    auto* const command = app.add_subcommand("shard", "Pack the complete records of each split into WebDataset shards");
    const auto a = std::make_shared<Arguments>();
    command->add_option("--shard-size", a->shardSize, "Samples in a shard")->check(positive())->capture_default_str();
    command->add_flag("--overwrite", a->overwrite, "Replace an existing set when the new one is complete");
    command
        ->add_flag("--verify", a->check,
                   "Pack nothing; check the existing sets: hashes, entries, counts and certificates")
        ->excludes("--overwrite");
    a->ranks.addTo(*command);
    command->callback(
        [a, &options] { a->check ? runCheck(options) : runShard(a->shardSize, a->overwrite, a->ranks, options); });
}

} // namespace nanodit::cli
