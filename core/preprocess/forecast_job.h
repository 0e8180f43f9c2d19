#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/pass.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// A record that a pass would make, and why.
struct DueRecord {
    std::string id;
    std::string why; ///< "missing", "stale: the caption", "misaligned, is moved aside"
};

/// One pass over the records that are not excluded. Bytes are exact, from shapes and types, but for arrays that turn
/// out to hold what half precision cannot, and become twice as long.
struct PassForecast {
    Pass pass = Pass::T5;
    std::string obstacle; ///< Why the pass cannot run: a sentence. Otherwise empty.

    std::int64_t whole = 0;  ///< Nothing to do.
    std::int64_t toRead = 0; ///< Good by their heads, but made elsewhere or replaced since: read, and made if not good.
    std::int64_t missing = 0; ///< To make: an array is not there, or was being written when the work was interrupted.
    std::int64_t stale = 0;   ///< To make: what they are made of has changed.
    std::int64_t wrong = 0;   ///< To make, after what lies there was moved aside.
    std::int64_t unreadable = 0; ///< Of those to make: their picture is gone, so that they will fail.
    std::map<ArrayInput, std::int64_t> staleBecause; ///< Stale records by input; one with two reasons counts twice.
    std::vector<DueRecord> due;                      ///< Those to make, by id.
    std::map<std::string, std::int64_t> buckets;     ///< Those to make, by bucket; of t5 all under "".

    /// From the rates that earlier passes had with this encoder on this device; empty when there was none yet.
    std::optional<double> seconds;
    std::int64_t unmeasuredBuckets = 0; ///< Their time was scaled by area from buckets that were measured.

    std::optional<std::int64_t> bytesToWrite; ///< Of the files it makes. Empty when the encoder is not known.
    std::optional<std::int64_t> bytesGrowth;  ///< What they take on disk, whole blocks, beyond files they replace.
    std::optional<std::int64_t> bytesInAll;   ///< Of this pass's files once every record has its own.

    std::int64_t toMake() const { return missing + stale + wrong; }
};

struct PreprocessForecast {
    std::vector<PassForecast> passes;
    std::filesystem::path folder; ///< Of the derived arrays.
    std::int64_t bytesFree = 0;   ///< There, for this user.
    std::string device;           ///< What would compute, in words.
    std::string refusal;          ///< Why the passes would not begin: a sentence. Empty when they would.
};

struct ForecastRequest {
    Workspace workspace;
    std::vector<Pass> passes = {Pass::T5, Pass::Vae, Pass::Dino};
    ComputeChoice device;
    std::function<void(const PreprocessForecast&)> finished = [](const auto&) {};
};
/// What makePreprocessJob would do. Reads heads of arrays, counts the tokens of captions, makes nothing.
std::unique_ptr<Job> makeForecastJob(ForecastRequest request);

} // namespace nanodit
