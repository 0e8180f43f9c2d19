#pragma once

#include "core/front/data.h"
#include "core/geometry/bucket.h"

#include <cstdint>
#include <string>
#include <vector>

namespace nanodit {

/// What is known of one bucket without opening a picture.
struct BucketFacts {
    ImageSize bucket;
    std::int64_t records = 0, training = 0;
    std::int64_t excluded = 0; ///< Not among the others.
    double lost = 0;     ///< Share of the originals' pixels that cropping cuts away, 0 to 1: the mean over its records.
    double mostLost = 0; ///< Of the record that loses most...
    std::string loser;   ///< ...and its id; empty when none loses anything.
    double enlarged = 0; ///< Share of its records that are smaller than the bucket and have to be enlarged.
};
/// By size of the bucket. Any thread.
std::vector<BucketFacts> bucketFacts(const std::vector<RecordInfo>& records);
/// The same as it would be with another table of buckets.
std::vector<BucketFacts> bucketFacts(const std::vector<RecordInfo>& records, const std::vector<ImageSize>& buckets);

} // namespace nanodit
