#include "app/bucket_facts.h"

#include <algorithm>
#include <map>

namespace nanodit {

std::vector<BucketFacts> bucketFacts(const std::vector<RecordInfo>& records)
{
    std::map<ImageSize, BucketFacts> byBucket;
    for (const auto& record : records) {
        auto& facts = byBucket[record.bucket];
        facts.bucket = record.bucket;
        if (!record.excluded.empty()) {
            ++facts.excluded;
            continue;
        }
        ++facts.records;
        facts.training += record.split == "train";
        if (record.original.width < 1 || record.original.height < 1)
            continue;
        const auto crop = bucketCrop(record.original, record.bucket);
        const double pixels = static_cast<double>(record.original.width) * static_cast<double>(record.original.height);
        const double lost = 1 - (crop.right - crop.left) * (crop.bottom - crop.top) / pixels;
        facts.lost += lost;
        if (lost > facts.mostLost) {
            facts.mostLost = lost;
            facts.loser = record.id;
        }
        facts.enlarged += crop.right - crop.left < static_cast<double>(record.bucket.width);
    }
    std::vector<BucketFacts> all;
    for (auto& [bucket, facts] : byBucket) {
        const auto count = static_cast<double>(std::max<std::int64_t>(1, facts.records));
        facts.lost /= count;
        facts.enlarged /= count;
        all.push_back(facts);
    }
    return all;
}

std::vector<BucketFacts> bucketFacts(const std::vector<RecordInfo>& records, const std::vector<ImageSize>& buckets)
{
    if (buckets.empty())
        return {};
    auto moved = records;
    std::erase_if(moved, [](const RecordInfo& record) { // no size, no bucket
        return record.original.width < 1 || record.original.height < 1;
    });
    for (auto& record : moved)
        record.bucket = nearestBucket(record.original, buckets);
    auto facts = bucketFacts(moved);
    for (const auto bucket : buckets) { // those that no picture goes to, too
        if (std::ranges::find(facts, bucket, &BucketFacts::bucket) == facts.end())
            facts.push_back({.bucket = bucket, .loser = {}});
    }
    std::ranges::sort(facts, {}, &BucketFacts::bucket);
    return facts;
}

} // namespace nanodit
