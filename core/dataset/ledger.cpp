#include "core/dataset/ledger.h"

#include "core/dataset/catalog.h"
#include "core/dataset/shard_set.h"
#include "core/dataset/shuffle.h"
#include "core/io/presence.h"
#include "core/runtime/error.h"
#include "core/runtime/number_text.h"

#include <algorithm>
#include <exception>
#include <map>
#include <utility>

namespace nanodit {

namespace {

/// Pixels lost below this share are rounding of the crop.
constexpr double croppedFrom = 1e-3;

double lostShare(const Record& record, ImageSize bucket)
{
    const auto area = static_cast<double>(record.original.width) * static_cast<double>(record.original.height);
    const auto crop = bucketCrop(record.original, bucket);
    return area <= 0 ? 0 : 1 - (crop.right - crop.left) * (crop.bottom - crop.top) / area;
}

/// Who fills the last batches of an epoch.
void addSeenTwice(std::map<ImageSize, LedgerBucket>& ledger, std::span<const ShardSet::Entry> entries,
                  const LedgerRequest& request)
{
    std::vector<ImageSize> buckets;
    for (const auto& entry : entries)
        buckets.push_back(entry.bucket);
    const BatchOrder order(buckets, request.batchSize, request.seed, true);
    for (std::int64_t i = 0; i < order.batchesPerEpoch(); ++i) {
        const auto batch = order.batch(request.epoch * order.batchesPerEpoch() + i);
        const auto count = static_cast<std::int64_t>(batch.bucket->size());
        for (auto place = std::max(batch.first, count); place < batch.first + request.batchSize; ++place) {
            const auto& entry =
                entries[static_cast<std::size_t>((*batch.bucket)[static_cast<std::size_t>(place % count)])];
            ledger[entry.bucket].seenTwice.push_back(entry.id);
        }
    }
}

void addWarnings(EpochLedger& ledger)
{
    for (const auto& line : ledger.buckets) {
        const auto name = bucketName(line.bucket);
        if (!line.fillsABatch)
            ledger.warnings.push_back({"the bucket " + name + " has " + counted(line.samples, "sample") +
                                       ", too few to fill a batch of " + std::to_string(ledger.request.batchSize) +
                                       ": each is seen more than once an epoch; lower data.batch_size, or take the "
                                       "bucket out of the workspace's table"});
        if (!line.notSeen.empty())
            ledger.warnings.push_back({"the set " + ledger.request.set + " lacks " +
                                           counted(line.notSeen.size(), "record") + " of the bucket " + name +
                                           " (the first is " + line.notSeen.front() +
                                           "), which are new or lacked an array when it was packed",
                                       remedy::PackShards{.replace = true}});
        if (!line.strangers.empty())
            ledger.warnings.push_back({"the set " + ledger.request.set + " holds " +
                                           counted(line.strangers.size(), "sample") + " of the bucket " + name +
                                           " that belong to no record of the split (the first is " +
                                           line.strangers.front() + ")",
                                       remedy::PackShards{.replace = true}});
    }
}

} // namespace

double LedgerBucket::meanLost() const
{
    double sum = 0;
    for (const auto& record : cropped)
        sum += record.lost;
    const auto seen = samples - static_cast<std::int64_t>(strangers.size());
    return seen <= 0 ? 0 : sum / static_cast<double>(seen);
}

EpochLedger ledgerOf(const Workspace& workspace, const LedgerRequest& request)
{
    if (request.batchSize < 1 || request.batchSize > LedgerRequest::mostSamples || request.epoch < 0 ||
        request.epoch > LedgerRequest::lastEpoch)
        throw UsageError("a ledger needs a batch size from 1 to " + std::to_string(LedgerRequest::mostSamples) +
                         " and an epoch from 0 to " + std::to_string(LedgerRequest::lastEpoch));
    const auto set = ShardSet::open(workspace.shardsFolder() / request.set);
    std::map<ImageSize, LedgerBucket> byBucket;
    std::map<std::string, const Record*> unseen;
    const auto records = Catalog::open(workspace).records();
    for (const auto& record : records) {
        if (record.split != request.set || !record.excluded.empty())
            continue;
        ++byBucket[record.bucket].records;
        unseen.emplace(record.id, &record);
    }
    for (const auto& entry : set->entries()) {
        auto& line = byBucket[entry.bucket];
        ++line.samples;
        const auto record = unseen.find(entry.id);
        if (record == unseen.end()) {
            line.strangers.push_back(entry.id);
            continue;
        }
        if (const auto lost = lostShare(*record->second, entry.bucket); lost > croppedFrom)
            line.cropped.push_back({.id = entry.id, .lost = lost});
        unseen.erase(record);
    }
    for (const auto& [id, record] : unseen)
        byBucket[record->bucket].notSeen.push_back(id);
    addSeenTwice(byBucket, set->entries(), request);
    EpochLedger ledger{.request = request, .buckets = {}, .warnings = {}};
    for (auto& [bucket, line] : byBucket) {
        line.bucket = bucket;
        line.batches = (line.samples + request.batchSize - 1) / request.batchSize;
        line.fillsABatch = line.samples == 0 || line.samples >= request.batchSize;
        std::ranges::stable_sort(line.cropped, std::ranges::greater(), &CroppedRecord::lost);
        ledger.buckets.push_back(std::move(line));
    }
    addWarnings(ledger);
    if (auto notice = outdatedSamples(workspace, *set))
        ledger.warnings.push_back(*std::move(notice));
    return ledger;
}

std::optional<Notice> outdatedSamples(const Workspace& workspace, const ShardSet& set)
{
    constexpr std::int64_t nanoseconds = 1'000'000'000; // of a second
    constexpr std::int64_t slack = 30;                  // seconds: file servers have clocks of their own
    const auto packed = stampOf(set.folder() / "shards.json");
    if (!packed || !isPresentFile(workspace.catalogFile()))
        return std::nullopt;
    std::int64_t count = 0;
    std::string first;
    try {
        const auto packedBy = utcText(packed->modifiedNanoseconds / nanoseconds + slack);
        for (const auto& id : Catalog::open(workspace).madeAfter(packedBy)) {
            if (set.find(id) && ++count == 1)
                first = id;
        }
    } catch (const std::exception&) { // whoever needs the catalog says what is wrong with it
    }
    if (count == 0)
        return std::nullopt;
    return Notice{counted(count, "sample") + " of " + set.folder().string() + (count == 1 ? " was" : " were") +
                      " encoded again after the set was packed (the first is " + first +
                      "), which training does not see",
                  remedy::PackShards{.replace = true}};
}

} // namespace nanodit
