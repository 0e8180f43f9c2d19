#include "app/cli/certificate_command.h"
#include "app/cli/commands.h"
#include "app/cli/ledger_text.h"
#include "app/cli/shard_check_command.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>

namespace nanodit::cli {

namespace {

using nlohmann::json;

/// Long lists are cut for people; JSON has them whole.
std::string listText(const std::vector<Reject>& rejects, std::size_t most = 20)
{
    std::string text;
    for (std::size_t i = 0; i < std::min(most, rejects.size()); ++i)
        text += "  " + rejects[i].what + ": " + rejects[i].reason + "\n";
    if (rejects.size() > most)
        text += "  and " + std::to_string(rejects.size() - most) + " more (--json lists all)\n";
    return text;
}

json toJson(const std::vector<Reject>& rejects)
{
    auto list = json::array();
    for (const auto& reject : rejects)
        list.push_back({{"what", reject.what}, {"reason", reject.reason}});
    return list;
}

std::string count(std::int64_t n, const std::string& noun)
{
    return std::to_string(n) + " " + noun + (n == 1 ? "" : "s");
}

void runImport(const std::filesystem::path& source, Options& options)
{
    // Importing is how a person begins, so it makes the workspace where there is none.
    const bool isNew = !std::filesystem::exists(options.workspace / "workspace.yaml");
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
    const auto text = std::to_string(report.added) + " added, " + std::to_string(report.updated) + " updated, " +
                      std::to_string(report.unchanged) + " unchanged, " + std::to_string(report.rejects.size()) +
                      " left out\n" + listText(report.rejects);
    printResult(options.output, text,
                {{"added", report.added},
                 {"updated", report.updated},
                 {"unchanged", report.unchanged},
                 {"rejects", toJson(report.rejects)}});
}

void runPreprocess(const std::vector<std::string>& passNames, Options& options)
{
    PreprocessRequest request{.workspace = Workspace::open(options.workspace), .passes = {}, .device = options.device};
    for (const auto& name : passNames)
        request.passes.push_back(passFromName(name));
    PreprocessReport report;
    request.finished = [&report](const auto& r) { report = r; };
    const auto end = runJob(*makePreprocessJob(std::move(request)), options.output);
    std::vector<std::vector<std::string>> rows = {{"pass", "made", "whole before", "failed", "time"}};
    std::string failures;
    auto passes = json::array();
    bool anyFailed = false;
    for (const auto& pass : report.passes) {
        rows.push_back({passName(pass.pass), std::to_string(pass.made), std::to_string(pass.alreadyWhole),
                        std::to_string(pass.failures.size()), durationText(pass.seconds)});
        passes.push_back({{"pass", passName(pass.pass)},
                          {"made", pass.made},
                          {"already_whole", pass.alreadyWhole},
                          {"seconds", pass.seconds},
                          {"failures", toJson(pass.failures)}});
        failures += listText(pass.failures);
        anyFailed = anyFailed || !pass.failures.empty();
    }
    printResult(options.output, table(rows) + failures, {{"passes", passes}, {"stopped", end == JobEnd::Cancelled}});
    if (anyFailed || end == JobEnd::Cancelled)
        options.exitCode = 1;
}

void runShard(std::int64_t shardSize, bool overwrite, Options& options)
{
    ShardReport report;
    const auto job = makeShardJob({.workspace = Workspace::open(options.workspace),
                                   .shardSize = shardSize,
                                   .overwrite = overwrite,
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

/// "70.4 MB"
std::string sizeText(std::int64_t bytes)
{
    constexpr std::array units = {"B", "kB", "MB", "GB", "TB"};
    auto size = static_cast<double>(bytes);
    std::size_t unit = 0;
    for (; size >= 1000 && unit + 1 < units.size(); ++unit)
        size /= 1000;
    char text[32];
    std::snprintf(text, sizeof text, unit == 0 ? "%.0f %s" : "%.1f %s", size, units[unit]);
    return text;
}

std::string countsText(const std::map<std::string, std::int64_t>& counts)
{
    std::string text;
    for (const auto& [name, number] : counts)
        text += (text.empty() ? "" : ", ") + name + " " + std::to_string(number);
    return text;
}

std::string inputName(ArrayInput input)
{
    switch (input) {
    case ArrayInput::Picture:
        return "picture";
    case ArrayInput::Caption:
        return "caption";
    case ArrayInput::Bucket:
        return "bucket";
    case ArrayInput::PassSettings:
        return "settings";
    case ArrayInput::Encoder:
        return "encoder";
    }
    return {};
}

/// "3 (picture 2, encoder 1)"
std::string staleText(const ArrayStatus& array)
{
    std::map<std::string, std::int64_t> because;
    for (const auto& [input, number] : array.staleBecause)
        because[inputName(input)] = number;
    return std::to_string(array.stale) + (because.empty() ? "" : " (" + countsText(because) + ")");
}

/// A record of the validation split that could be painted after, or empty.
std::string firstWholeValidationRecord(const Workspace& workspace)
{
    for (const auto& record : listRecords(workspace)) {
        const bool whole = std::all_of(record.arrays.begin(), record.arrays.end(),
                                       [](ArrayState state) { return state == ArrayState::Whole; });
        if (record.split == "val" && record.excluded.empty() && whole)
            return record.id;
    }
    return {};
}

void runStatus(const LedgerRequest& epoch, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    const auto report = status(workspace);
    std::vector<std::vector<std::string>> rows = {{"array", "whole", "adopted", "missing", "stale", "wrong", "size"}};
    auto arrays = json::array();
    for (const auto& array : report.arrays) {
        const auto* const name = arrayFolderNames[static_cast<std::size_t>(array.array)];
        rows.push_back({name, std::to_string(array.whole), std::to_string(array.adopted), std::to_string(array.missing),
                        staleText(array), std::to_string(array.wrong), sizeText(array.bytes)});
        auto because = json::object();
        for (const auto& [input, number] : array.staleBecause)
            because[inputName(input)] = number;
        arrays.push_back({{"array", name},
                          {"whole", array.whole},
                          {"adopted", array.adopted},
                          {"missing", array.missing},
                          {"stale", array.stale},
                          {"stale_because", because},
                          {"wrong", array.wrong},
                          {"bytes", array.bytes}});
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
    printResult(options.output, text + "\n" + table(rows) + (ledger ? "\n" + ledgerText(*ledger) : ""),
                {{"records", report.records},
                 {"pictures_gone", report.picturesGone},
                 {"splits", report.splits},
                 {"buckets", report.buckets},
                 {"tags", report.tags},
                 {"excluded", report.excluded},
                 {"arrays", arrays},
                 {"first_validation_record", firstWholeValidationRecord(workspace)},
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
    auto* const importing =
        app.add_subcommand("import", "Add a folder of pictures (captions beside them) or a records.jsonl");
    const auto source = std::make_shared<std::filesystem::path>();
    importing->add_option("SOURCE", *source, "A folder, or a records.jsonl")->required();
    importing->callback([source, &options] { runImport(*source, options); });

    auto* const preprocess = app.add_subcommand("preprocess", "Make the arrays that are missing or stale");
    const auto passes = std::make_shared<std::vector<std::string>>(std::vector<std::string>{"t5", "vae", "dinov3"});
    preprocess->add_option("--pass-filter", *passes, "Passes to run, of t5,vae,dinov3")
        ->delimiter(',')
        ->capture_default_str();
    preprocess->callback([passes, &options] { runPreprocess(*passes, options); });

    auto* const shard = app.add_subcommand("shard", "Pack the whole records of each split into WebDataset shards");
    const auto shardSize = std::make_shared<std::int64_t>(1000);
    const auto overwrite = std::make_shared<bool>(false);
    shard->add_option("--shard-size", *shardSize, "Samples in a shard")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    shard->add_flag("--overwrite", *overwrite, "Replace a set that is there, once the new one is whole");
    const auto check = std::make_shared<bool>(false);
    shard
        ->add_flag("--verify", *check,
                   "Pack nothing: check the sets that are there, hashes, entries, counts and certificates")
        ->excludes("--overwrite");
    shard->callback([shardSize, overwrite, check, &options] {
        *check ? runShardCheck(options) : runShard(*shardSize, *overwrite, options);
    });

    auto* const verify =
        app.add_subcommand("verify", "Check every array against its record; exit code 1 if anything is wrong");
    const auto deep = std::make_shared<DeepVerification>();
    addDeepVerification(*verify, *deep);
    const auto repair = std::make_shared<bool>(false);
    verify->add_flag("--repair", *repair,
                     "Move misaligned patches to dinov3_patches_misaligned/, so that the next pass makes them anew");
    verify->callback([deep, repair, &options] {
        deep->wanted() ? runDeepVerification(*deep, options) : runVerify(*repair, options);
    });

    auto* const state =
        app.add_subcommand("status", "Count records and the states of their arrays, without reading them; and what an "
                                     "epoch of training does with the packed set");
    const auto epoch = std::make_shared<LedgerRequest>();
    state->add_option("--set", epoch->set, "The packed set whose epoch is told")->capture_default_str();
    state->add_option("--batch-size", epoch->batchSize, "data.batch_size of the training")
        ->check(CLI::PositiveNumber)
        ->capture_default_str();
    state->add_option("--seed", epoch->seed, "Seed of the training")->capture_default_str();
    state->add_option("--epoch", epoch->epoch, "Which epoch, from 0 on")
        ->check(CLI::NonNegativeNumber)
        ->capture_default_str();
    state->callback([epoch, &options] { runStatus(*epoch, options); });

    auto* const exporting = app.add_subcommand("export", "Write the records as a records.jsonl, which can be imported");
    const auto file = std::make_shared<std::filesystem::path>();
    exporting->add_option("FILE", *file, "The file to write")->required();
    exporting->callback([file, &options] { runExport(*file, options); });
}

} // namespace nanodit::cli
