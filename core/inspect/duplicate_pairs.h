#pragma once

/// Pictures of a data set that are the same picture, by every measure there is. Part of the front: free of torch types.

#include "core/config/workspace_config.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

/// Two records of the same picture, and what found them.
struct DuplicatePair {
    enum class Measure {
        Bytes,  ///< Of the files.
        Pixels, ///< The same ones in other bytes.
        Hash, ///< Of the brightness, with like colours (PictureFingerprint): scaled, compressed again, a little darker.
        Cls   ///< DINO's CLS tokens: also cropped, framed, or in other colours.
    };
    std::string id, of; ///< `of` is nobody's duplicate.
    Measure measure = Measure::Bytes;
    int bits = 0;         ///< Of Hash: how many of 64 differ.
    double cosine = 0;    ///< Of Cls.
    std::string excluded; ///< Why `id` takes no part already; empty: it does.
};
/// "the same file", "the same pixels", "hash, 3 of 64 bits differ", "CLS, cosine 0.973"
std::string foundBy(const DuplicatePair& pair);
std::string measureName(DuplicatePair::Measure measure); ///< "bytes", "pixels", "hash", "cls"

inline constexpr double usualDuplicateCosine = 0.95;

struct DuplicatesReport {
    std::vector<DuplicatePair> pairs; ///< By id.
    std::int64_t compared = 0;        ///< Records that take part, or are excluded as duplicates.
    std::int64_t withoutCls = 0;      ///< Of them, those that could not be compared by CLS.
    double cosine = usualDuplicateCosine;
};

struct DuplicatesRequest {
    Workspace workspace;
    double cosine =
        usualDuplicateCosine; ///< CLS tokens at least so alike are of one picture; above 1: they do not count.
    std::function<void(const DuplicatesReport&)> finished = [](const auto&) {};
};
/// Looks for them among all records that are not excluded for another reason: by bytes, pixels and hash as import does,
/// with the thresholds of workspace.yaml, and those that this does not find by their CLS tokens. Of pictures that are
/// alike one stays, as import has it. Changes nothing. Throws UsageError for a cosine below 0.5, which everything has.
std::unique_ptr<Job> makeDuplicatesJob(DuplicatesRequest request);

/// Excludes the pairs' `id` with the pair as reason, as a person would: for good, as one. Those that are excluded
/// already stay as they are. Gives the number that was excluded.
std::int64_t excludeDuplicates(const Workspace& workspace, const std::vector<DuplicatePair>& pairs);

} // namespace nanodit
