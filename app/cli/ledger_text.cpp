#include "app/cli/ledger_text.h"

#include "app/cli/terminal.h"
#include "app/cli/wording.h"
#include "core/runtime/number_text.h"

#include <nlohmann/json.hpp>

namespace nanodit::cli {

std::optional<EpochLedger> ledgerIfPacked(const Workspace& workspace, const LedgerRequest& request)
{
    if (!std::filesystem::exists(workspace.shardsFolder() / request.set))
        return std::nullopt;
    return ledgerOf(workspace, request);
}

std::string ledgerText(const EpochLedger& ledger)
{
    const auto& request = ledger.request;
    std::vector<std::vector<std::string>> rows = {
        {"bucket", "records", "packed", "batches", "not seen", "seen twice", "cropped", "pixels lost"}};
    for (const auto& line : ledger.buckets)
        rows.push_back({bucketName(line.bucket), std::to_string(line.records), std::to_string(line.samples),
                        std::to_string(line.batches), std::to_string(line.notSeen.size()),
                        std::to_string(line.seenTwice.size()), std::to_string(line.cropped.size()),
                        percentText(line.meanLost())});
    auto text = "epoch " + std::to_string(request.epoch) + " of the set " + request.set + " in batches of " +
                std::to_string(request.batchSize) + ":\n" + table(rows);
    for (const auto& warning : ledger.warnings)
        text += "warning: " + noticeText(warning) + "\n";
    return text;
}

nlohmann::json ledgerJson(const EpochLedger& ledger)
{
    auto buckets = nlohmann::json::array();
    for (const auto& line : ledger.buckets) {
        auto cropped = nlohmann::json::array();
        for (const auto& record : line.cropped)
            cropped.push_back({{"id", record.id}, {"lost", record.lost}});
        buckets.push_back({{"bucket", bucketName(line.bucket)},
                           {"records", line.records},
                           {"samples", line.samples},
                           {"batches", line.batches},
                           {"fills_a_batch", line.fillsABatch},
                           {"not_seen", line.notSeen},
                           {"seen_twice", line.seenTwice},
                           {"strangers", line.strangers},
                           {"cropped", cropped},
                           {"mean_lost", line.meanLost()}});
    }
    auto warnings = nlohmann::json::array();
    for (const auto& warning : ledger.warnings)
        warnings.push_back(noticeText(warning));
    return {{"set", ledger.request.set},   {"batch_size", ledger.request.batchSize},
            {"seed", ledger.request.seed}, {"epoch", ledger.request.epoch},
            {"buckets", buckets},          {"warnings", warnings}};
}

} // namespace nanodit::cli
