#pragma once

/// What is kept of a step in which a loss or the gradient was not finite: enough to run it again.

#include "core/geometry/bucket.h"
#include "core/model/parameter.h"
#include "core/train/draws.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// What went into a micro-batch and what came out, by sample.
struct MicroBatchRecord {
    ImageSize bucket;
    std::vector<std::string> ids;
    std::vector<double> times;
    std::vector<Drop> drops;
    std::vector<double> losses; ///< Empty when it was not evaluated.

    /// Those whose loss is not finite.
    std::vector<std::string> unsound() const;
};
struct StepRecord {
    std::int64_t step = 0;     ///< As metrics.jsonl counts: from 1.
    std::int64_t position = 0; ///< LoaderOptions::position of its first micro-batch.
    bool skipped = false;      ///< The weights are those that it began with.
    std::vector<MicroBatchRecord> microBatches;
};

/// Writes runFolder/nonfinite/step-XXXXXXXX.json: the record, and the norms of weights and gradients of each part of
/// the model as they are now, behind the step. Throws StoreError.
void writeBlackBox(const std::filesystem::path& runFolder, const StepRecord& record, const Parameters& parameters);
/// Steps that have one, in their order.
std::vector<std::int64_t> blackBoxSteps(const std::filesystem::path& runFolder);
/// Where a step of one began: the record without its micro-batches. Throws DataError naming the file.
StepRecord readBlackBox(const std::filesystem::path& runFolder, std::int64_t step);

/// "blocks.3" of "blocks.3.mlp.fc1.weight", "text_proj" of "text_proj.bias".
std::string partOf(const std::string& parameterName);

} // namespace nanodit
