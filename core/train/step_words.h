#pragma once

/// What a training says of its data and of steps that went wrong.

#include "core/dataset/shard_set.h"
#include "core/model/parameter.h"
#include "core/runs/step_metrics.h"
#include "core/runtime/job.h"
#include "core/train/checkpoint_writer.h"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nanodit {

/// "a, b, c"
std::string listOf(const std::vector<std::string>& names);

/// Of each bucket how many samples and batches an epoch has; a warning for one that is too small for a batch.
void tellEpoch(const ShardSet& set, std::int64_t batchSize, const JobContext& context);

/// Throws Error that names the first weights that are infinite or not a number, and the checkpoint to go back to.
void expectFiniteWeights(const Parameters& parameters, std::int64_t step, const std::filesystem::path& newest);

/// "saved step-00001000 in 1.20 s, for which training waited 0.10 s; removed step-00000700"
std::string savedText(const CheckpointWriter::Written& written);

/// Of a step that was skipped or left micro-batches out, of so many: "step 7 was skipped: its loss was not finite; ..."
std::string unsoundStepText(const StepMetrics& metrics, std::int64_t microBatches,
                            const std::vector<std::string>& suspects);
/// Why a run ends after so many skipped steps in a row.
std::string endOfSkippedSteps(const StepMetrics& metrics, std::int64_t inARow, std::int64_t microBatches,
                              const std::vector<std::string>& suspects);

} // namespace nanodit
