#pragma once

/// The records of a workspace, the state of their arrays, and how far the data set has come.

#include "core/config/workspace_config.h"
#include "core/dataset/record_info.h"
#include "core/io/image.h"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Where the states of a list come from. Catalog: what is known without looking at any file but the catalog; files that
/// others changed, removed or put there do not show. Disk: also size and time of every picture and array, and the heads
/// of arrays that are new; changed pictures are read, and the catalog learns of them.
enum class Look { Catalog, Disk };

/// Every record, by id, excluded ones among them.
std::vector<RecordInfo> listRecords(const Workspace& workspace, Look look = Look::Disk);
/// One record, from the catalog; empty when there is none.
std::optional<RecordInfo> findRecord(const Workspace& workspace, const std::string& id);
Image loadOriginal(const RecordInfo& record);
Image loadBucketImage(const RecordInfo& record);
/// These records as listRecords gives them, in the order of `ids`; those that are gone are left out.
std::vector<RecordInfo> findRecords(const Workspace& workspace, const std::vector<std::string>& ids,
                                    Look look = Look::Disk);

/// How far a data set has come. Checks array headers, not contents.
struct ArrayStatus {
    ArrayKind array = ArrayKind::T5;
    std::int64_t whole = 0, missing = 0, stale = 0, wrong = 0;
    std::int64_t adopted = 0; ///< Of those that are whole: made elsewhere.
    std::int64_t bytes = 0;   ///< Of its files on disk.
    /// Of its files once every record has a whole one: those that are there, and what a pass would make of the rest.
    /// Empty where the encoder is not known.
    std::optional<std::int64_t> fullBytes;
    /// Why arrays are stale: how many by each input; one that has two reasons counts twice.
    std::map<ArrayInput, std::int64_t> staleBecause;
};
struct StatusReport {
    std::int64_t records = 0; ///< Without those that are excluded.
    std::int64_t picturesGone = 0;
    std::map<std::string, std::int64_t> splits;  ///< Records by split.
    std::map<std::string, std::int64_t> buckets; ///< Records by bucket.
    std::map<std::string, std::int64_t> tags;    ///< Records by tag.
    /// Excluded records by reason, up to its first colon: "near duplicate: of cats__tabby" counts as "near duplicate".
    std::map<std::string, std::int64_t> excluded;
    std::array<ArrayStatus, 4> arrays; ///< By ArrayKind; of records that are not excluded.
    std::string firstWholeValidation;  ///< By id; of the split val, with all arrays whole. Empty when there is none.
};
StatusReport status(const Workspace& workspace);

} // namespace nanodit
