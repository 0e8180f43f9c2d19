#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/pass.h"
#include "core/dataset/rank_share.h"
#include "core/dataset/reject.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/error.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace nanodit {

struct PreprocessRequest {
    Workspace workspace;
    std::vector<Pass> passes = {Pass::T5, Pass::Vae, Pass::Dino};
    ComputeChoice device;
    RankShare share = {}; ///< Which records this process makes.
    std::function<void(const struct PreprocessReport&)> finished = [](const auto&) {};
};
struct PassReport {
    Pass pass = Pass::T5;
    std::int64_t made = 0, alreadyWhole = 0;
    double seconds = 0;
    std::vector<Reject> failures;
};
struct PreprocessReport {
    std::vector<PassReport> passes;
};
std::unique_ptr<Job> makePreprocessJob(PreprocessRequest request);

// ------------------------------------------------------------------------------------------------------ limits

/// More records of a pass could not be made than were allowed. What was finished is kept, and the report has come.
class TooManyFailures : public Error {
public:
    using Error::Error;
};

/// Bytes that a pass accounted for: pictures, what the encoder holds while it works, results until they are written.
struct PassMemory {
    Pass pass = Pass::T5;
    std::int64_t budget = 0; ///< That were allowed.
    std::int64_t most = 0;   ///< At once.
};

/// What T5 and the ViT compute the factors of their matrix products in. Auto: whichever is faster here, measured once.
enum class PassPrecision { Auto, Float32, Bf16 };

struct PassLimits {
    /// Records of one pass that may fail: the batch in which more have is its last. Empty: any number.
    std::optional<std::int64_t> maxFailures = {};
    /// Megabytes that a pass may use at once, beside the weights of its encoder; 0: half of the machine's memory.
    std::int64_t memory = 0;
    /// Kept in the workspace (data/precision.json), where float32 holds until something else was asked for; a change
    /// makes the arrays of t5 and dinov3 stale. Empty: as it is.
    std::optional<PassPrecision> precision = {};
    std::function<void(const PassMemory&)> onMemory = [](const auto&) {}; ///< After each pass, on the job's thread.
    /// A record that could not be made, soon after that is known; the report has it again. On the job's thread.
    std::function<void(Pass, const Reject&)> onFailure = [](Pass, const auto&) {};
};

/// The same within limits. Before the first pass begins it throws StoreError when another one is at work
/// in the workspace or a pass does not fit on the disk, DataError when one record needs more memory than is allowed;
/// after the report, TooManyFailures.
std::unique_ptr<Job> makePreprocessJob(PreprocessRequest request, PassLimits limits);

} // namespace nanodit
