#pragma once

/// What the engine's front says of an epoch: which pictures it sees, sees twice, does not see, and shows cropped. Free
/// of torch types.

#include "core/config/workspace_config.h"
#include "core/runtime/remedy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

class ShardSet;

struct LedgerRequest {
    std::string set = "train";   ///< The split, and the shard set packed of it.
    std::int64_t batchSize = 16; ///< data.batch_size of the training.
    std::uint64_t seed = 0;      ///< Its seed and the number of the epoch: they decide who fills last batches.
    std::int64_t epoch = 0;

    static constexpr std::int64_t mostSamples = 4096, lastEpoch = 1'000'000'000;
};

struct CroppedRecord {
    std::string id;
    double lost = 0; ///< Share of the original's pixels that the bucket image does not show, 0 to 1.
};

/// One bucket of an epoch.
struct LedgerBucket {
    ImageSize bucket;
    std::int64_t records = 0; ///< Of the split, without those that are excluded.
    std::int64_t samples = 0; ///< In the set.
    std::int64_t batches = 0;
    bool fillsABatch = true;            ///< Otherwise one batch holds the same sample more than once.
    std::vector<std::string> notSeen;   ///< Records that the set lacks.
    std::vector<std::string> seenTwice; ///< Drawn again to fill the last batch, once for each time.
    std::vector<std::string> strangers; ///< Samples that are no records of the split (any more).
    std::vector<CroppedRecord> cropped; ///< Seen records that lose pixels, the worst first.

    double meanLost() const; ///< Over seen records, those that lose nothing among them.
};

struct EpochLedger {
    LedgerRequest request;
    std::vector<LedgerBucket> buckets; ///< By bucket; those of records that no shard holds, too.
    std::vector<Notice> warnings;      ///< Buckets that fill no batch, records that are not seen as they are now.
};

/// Reads the catalog and the set's manifest, no samples. Throws DataError when the set is not packed, UsageError for a
/// batch size below one.
EpochLedger ledgerOf(const Workspace& workspace, const LedgerRequest& request = {});

/// What there is to say of samples of which an array was made anew since the set was packed, as after a caption was
/// edited: training sees them as they were. Empty for most sets, and where nothing tells. Does not throw.
std::optional<Notice> outdatedSamples(const Workspace& workspace, const ShardSet& set);

} // namespace nanodit
