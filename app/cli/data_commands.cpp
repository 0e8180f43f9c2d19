#include "app/cli/certificate_command.h"
#include "app/cli/commands.h"
#include "app/cli/ledger_text.h"
#include "app/cli/number_checks.h"
#include "app/cli/preprocess_command.h"
#include "app/cli/rank_options.h"
#include "app/cli/report_text.h"
#include "app/cli/shard_check_command.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/io/size_text.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <map>

namespace nanodit::cli {

namespace {

using nlohmann::json;

void runImport(const std::filesystem::path& source, Options& options)
{
    // Importing is how a person begins, so it makes the workspace where there is none.
    const bool isNew = !std::filesystem::exists(options.workspace / "workspace.yaml");
    requireImportSource(source);
    const auto workspace = isNew ? Workspace::create(options.workspace) : Workspace::open(options.workspace);
    if (isNew && !options.output.quiet)
        std::fprintf(stderr, "made the workspace %s; set its encoders and buckets in workspace.yaml\n",
                     workspace.root.c_str());
    ImportReport report;
    const auto job =
        makeImportJob({.workspace = workspace, .source = source, .finished = [&report](const auto& r) { report = r; }});
    if (runJob(*job, options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    auto text = std::to_string(report.added) + " added, " + std::to_string(report.updated) + " updated, " +
                std::to_string(report.unchanged) + " unchanged, " + std::to_string(report.rejects.size()) +
                " left out\n" + listText(report.rejects);
    if (!report.excluded.empty())
        text += "excluded by rule: " + countsText(report.excluded) + "\n" + listText(report.newlyExcluded);
    printResult(options.output, text,
                {{"added", report.added},
                 {"updated", report.updated},
                 {"unchanged", report.unchanged},
                 {"excluded", report.excluded},
                 {"newly_excluded", toJson(report.newlyExcluded)},
                 {"rejects", toJson(report.rejects)}});
}

void runShard(std::int64_t shardSize, bool overwrite, const RankOptions& ranks, Options& options)
{
    ShardReport report;
    const auto job = makeShardJob({.workspace = Workspace::open(options.workspace),
                                   .shardSize = shardSize,
                                   .overwrite = overwrite,
                                   .share = ranks.share(),
                                   .finished = [&report](const auto& r) { report = r; }});
    if (runJob(*job, options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    std::vector<std::vector<std::string>> rows = {
        {"set", "samples", "shards", "skipped_incomplete", "skipped_misaligned", "skipped_stale", "skipped_nonfinite"}};
    auto sets = json::array();
    std::string skipped;
    for (const auto& set : report.sets) {
        rows.push_back({set.set, std::to_string(set.samples), std::to_string(set.shards),
                        std::to_string(set.skippedIncomplete), std::to_string(set.skippedMisaligned),
                        std::to_string(set.skippedStale), std::to_string(set.skippedNonfinite)});
        sets.push_back({{"set", set.set},
                        {"samples", set.samples},
                        {"shards", set.shards},
                        {"skipped_incomplete", set.skippedIncomplete},
                        {"skipped_misaligned", set.skippedMisaligned},
                        {"skipped_stale", set.skippedStale},
                        {"skipped_nonfinite", set.skippedNonfinite},
                        {"skipped", toJson(set.skipped)}});
        skipped += listText(set.skipped);
    }
    printResult(options.output, table(rows) + skipped, {{"sets", sets}});
}

void runVerify(bool repair, Options& options)
{
    VerifyReport report;
    const auto job = makeVerifyJob({.workspace = Workspace::open(options.workspace),
                                    .repair = repair,
                                    .finished = [&report](const auto& r) { report = r; }});
    if (runJob(*job, options.output) == JobEnd::Cancelled) {
        options.exitCode = 1;
        return;
    }
    std::vector<std::vector<std::string>> rows = {
        {"array", "whole", "adopted", "missing", "stale", "misaligned", "wrong shape", "non-finite", "unreadable"}};
    auto arrays = json::array();
    for (const auto& counts : report.arrays) {
        const auto* const name = arrayFolderNames[static_cast<std::size_t>(counts.array)];
        rows.push_back({name, std::to_string(counts.whole), std::to_string(counts.adopted),
                        std::to_string(counts.missing), std::to_string(counts.stale), std::to_string(counts.misaligned),
                        std::to_string(counts.wrongShape), std::to_string(counts.nonfinite),
                        std::to_string(counts.unreadable)});
        arrays.push_back({{"array", name},
                          {"whole", counts.whole},
                          {"adopted", counts.adopted},
                          {"missing", counts.missing},
                          {"stale", counts.stale},
                          {"misaligned", counts.misaligned},
                          {"wrong_shape", counts.wrongShape},
                          {"nonfinite", counts.nonfinite},
                          {"unreadable", counts.unreadable}});
    }
    const auto verdict = report.sound() ? "sound: " + count(report.records, "record") + ", nothing wrong\n"
                                        : count(static_cast<std::int64_t>(report.problems.size()), "problem") + ":\n";
    const auto adopted = report.adopted.empty()
                             ? std::string()
                             : "adopted arrays of " +
                                   count(static_cast<std::int64_t>(report.adopted.size()), "record") + ":\n" +
                                   listText(report.adopted, 5);
    printResult(options.output, table(rows) + verdict + listText(report.problems) + adopted,
                {{"records", report.records},
                 {"sound", report.sound()},
                 {"arrays", arrays},
                 {"adopted", toJson(report.adopted)},
                 {"moved_aside", report.movedAside},
                 {"problems", toJson(report.problems)}});
    if (!report.sound())
        options.exitCode = 1;
}

/// "3 (picture 2, encoder 1)"
std::string staleText(const ArrayStatus& array)
{
    const auto because = countsText(byName(array.staleBecause));
    return std::to_string(array.stale) + (because.empty() ? "" : " (" + because + ")");
}

/// Of the file system that a folder is on, or will be.
std::optional<std::int64_t> freeBytes(std::filesystem::path folder)
{
    std::error_code error;
    while (!std::filesystem::exists(folder, error) && folder.has_relative_path())
        folder = folder.parent_path();
    const auto space = std::filesystem::space(folder, error);
    return error ? std::nullopt : std::optional(static_cast<std::int64_t>(space.available));
}

/// What is there, what the full set will need, and what is free.
std::string needText(const StatusReport& report, const std::optional<std::int64_t>& free)
{
    std::int64_t there = 0, needed = 0;
    bool known = true;
    for (const auto& array : report.arrays) {
        there += array.bytes;
        needed += array.fullBytes.value_or(0);
        known = known && array.fullBytes;
    }
    return "derived arrays: " + sizeText(there) + " there, the full set needs " +
           (known ? sizeText(needed) : "at least " + sizeText(needed)) +
           (free ? ", " + sizeText(*free) + " free" : std::string()) + "\n";
}

void runStatus(const LedgerRequest& epoch, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    const auto report = status(workspace);
    std::vector<std::vector<std::string>> rows = {
        {"array", "whole", "adopted", "missing", "stale", "wrong", "size", "full set"}};
    auto arrays = json::array();
    for (const auto& array : report.arrays) {
        const auto* const name = arrayFolderNames[static_cast<std::size_t>(array.array)];
        const auto& fullBytes = array.fullBytes;
        rows.push_back({name, std::to_string(array.whole), std::to_string(array.adopted), std::to_string(array.missing),
                        staleText(array), std::to_string(array.wrong), sizeText(array.bytes),
                        fullBytes ? sizeText(*fullBytes) : "unknown"});
        arrays.push_back({{"array", name},
                          {"whole", array.whole},
                          {"adopted", array.adopted},
                          {"missing", array.missing},
                          {"stale", array.stale},
                          {"stale_because", byName(array.staleBecause)},
                          {"wrong", array.wrong},
                          {"bytes", array.bytes},
                          {"full_bytes", fullBytes ? json(*fullBytes) : json()}});
    }
    auto text = count(report.records, "record");
    if (report.records > 0)
        text += " (" + countsText(report.splits) + ") in buckets " + countsText(report.buckets);
    if (!report.tags.empty())
        text += "\ntags: " + countsText(report.tags);
    if (report.picturesGone > 0)
        text += "\n" + count(report.picturesGone, "picture") + " gone";
    for (const auto& [reason, number] : report.excluded)
        text += "\n" + count(number, "record") + " excluded: " + reason;
    const auto ledger = ledgerIfPacked(workspace, epoch);
    const auto free = freeBytes(workspace.derivedFolder());
    printResult(options.output,
                text + "\n" + table(rows) + needText(report, free) + (ledger ? "\n" + ledgerText(*ledger) : ""),
                {{"records", report.records},
                 {"bytes_free", free ? json(*free) : json()},
                 {"pictures_gone", report.picturesGone},
                 {"splits", report.splits},
                 {"buckets", report.buckets},
                 {"tags", report.tags},
                 {"excluded", report.excluded},
                 {"arrays", arrays},
                 {"first_validation_record", report.firstWholeValidation},
                 {"ledger", ledger ? ledgerJson(*ledger) : json()}});
}

void runExport(const std::filesystem::path& file, Options& options)
{
    const auto lines = exportRecords(Workspace::open(options.workspace), file);
    printResult(options.output, count(lines, "record") + " written to " + file.string() + "\n",
                {{"records", lines}, {"file", file.string()}});
}

} // namespace

void addDataCommands(CLI::App& app, Options& options)
{
    auto* const importing = app.add_subcommand(
        "import", "Add a folder of pictures (captions beside them), a records.jsonl or a WebDataset tar");
    const auto source = std::make_shared<std::filesystem::path>();
    importing->add_option("SOURCE", *source, "A folder, a records.jsonl or a tar")->required();
    importing->callback([source, &options] { runImport(*source, options); });

    addPreprocessCommand(app, options);

    auto* const shard = app.add_subcommand("shard", "Pack the whole records of each split into WebDataset shards");
    const auto shardSize = std::make_shared<std::int64_t>(1000);
    const auto overwrite = std::make_shared<bool>(false);
    shard->add_option("--shard-size", *shardSize, "Samples in a shard")->check(positive())->capture_default_str();
    shard->add_flag("--overwrite", *overwrite, "Replace a set that is there, once the new one is whole");
    const auto check = std::make_shared<bool>(false);
    shard
        ->add_flag("--verify", *check,
                   "Pack nothing: check the sets that are there, hashes, entries, counts and certificates")
        ->excludes("--overwrite");
    const auto packers = std::make_shared<RankOptions>();
    packers->addTo(*shard);
    shard->callback([shardSize, overwrite, check, packers, &options] {
        *check ? runShardCheck(options) : runShard(*shardSize, *overwrite, *packers, options);
    });

    auto* const verify =
        app.add_subcommand("verify", "Check every array against its record; exit code 1 if anything is wrong");
    const auto deep = std::make_shared<DeepVerification>();
    addDeepVerification(*verify, *deep);
    const auto repair = std::make_shared<bool>(false);
    verify->add_flag("--repair", *repair,
                     "Move misaligned patches to dinov3_patches_misaligned/, so that the next pass makes them anew");
    verify->callback([deep, repair, &options] {
        if (!deep->wanted() && (deep->sample > 0 || !deep->records.empty()))
            throw UsageError("--sample and --record choose what --deep or --drift looks at: pass one of them, too");
        deep->wanted() ? runDeepVerification(*deep, options) : runVerify(*repair, options);
    });

    auto* const state =
        app.add_subcommand("status", "Count records and the states of their arrays, without reading them; and what an "
                                     "epoch of training does with the packed set");
    const auto epoch = std::make_shared<LedgerRequest>();
    state->add_option("--set", epoch->set, "The packed set whose epoch is told")->capture_default_str();
    state->add_option("--batch-size", epoch->batchSize, "data.batch_size of the training")
        ->check(positive())
        ->capture_default_str();
    state->add_option("--seed", epoch->seed, "Seed of the training")->capture_default_str();
    state->add_option("--epoch", epoch->epoch, "Which epoch, from 0 on")->check(notNegative())->capture_default_str();
    state->callback([epoch, &options] { runStatus(*epoch, options); });

    auto* const exporting = app.add_subcommand("export", "Write the records as a records.jsonl, which can be imported");
    const auto file = std::make_shared<std::filesystem::path>();
    exporting->add_option("FILE", *file, "The file to write")->required();
    exporting->callback([file, &options] { runExport(*file, options); });
}

} // namespace nanodit::cli
