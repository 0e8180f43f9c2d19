#include "app/cli/commands.h"
#include "app/cli/ledger_text.h"
#include "app/cli/number_checks.h"
#include "app/cli/report_text.h"
#include "core/config/workspace_config.h"
#include "core/front/data.h"
#include "core/io/size_text.h"
#include "core/runtime/compute_info.h"

namespace nanodit::cli {

namespace {

using nlohmann::json;

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
    return "derived arrays: " + sizeText(there) + " present, the full set needs " +
           (known ? sizeText(needed) : "at least " + sizeText(needed)) +
           (free ? ", " + sizeText(*free) + " free" : std::string()) + "\n";
}

/// `setGiven`: an epoch of that set was asked for, which must be there then.
void runStatus(const LedgerRequest& epoch, bool setGiven, Options& options)
{
    const auto workspace = Workspace::open(options.workspace);
    const auto report = status(workspace);
    std::vector<std::vector<std::string>> rows = {
        {"array", "valid", "adopted", "missing", "stale", "invalid", "size", "full set"}};
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
        text += "\n" + count(report.picturesGone, "picture") + " missing";
    for (const auto& [reason, number] : report.excluded)
        text += "\n" + count(number, "record") + " excluded: " + reason;
    const auto compute = chosenCompute(options.device);
    text += "\ncomputes on: " + (compute.problem.empty() ? compute.text : compute.problem);
    if (!compute.unused.empty())
        text += "\n" + compute.unused;
    const auto ledger = setGiven ? std::optional(ledgerOf(workspace, epoch)) : ledgerIfPacked(workspace, epoch);
    const auto free = freeBytes(workspace.derivedFolder());
    printResult(options.output,
                text + "\n" + table(rows) + needText(report, free) + (ledger ? "\n" + ledgerText(*ledger) : ""),
                {{"records", report.records},
                 {"compute", {{"text", compute.text}, {"problem", compute.problem}, {"unused", compute.unused}}},
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

} // namespace

void registerStatus(CLI::App& app, Options& options)
{
    auto* const command = app.add_subcommand(
        "status", "Count records and the states of their arrays without reading the arrays, and show what an epoch of "
                  "training does with a packed set");
    const auto epoch = std::make_shared<LedgerRequest>();
    auto* const set = command->add_option("--set", epoch->set, "Packed set to describe")->capture_default_str();
    command->add_option("--batch-size", epoch->batchSize, "The training's data.batch_size")
        ->check(wholeNumber(1, LedgerRequest::mostSamples))
        ->capture_default_str();
    command->add_option("--seed", epoch->seed, "The training's seed")->check(seedNumber())->capture_default_str();
    command->add_option("--epoch", epoch->epoch, "Number of the epoch, from 0")
        ->check(wholeNumber(0, LedgerRequest::lastEpoch))
        ->capture_default_str();
    command->callback([epoch, set, &options] { runStatus(*epoch, set->count() > 0, options); });
}

} // namespace nanodit::cli
