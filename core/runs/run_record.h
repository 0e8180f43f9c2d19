#pragma once

/// What a run recorded, read piece by piece: a long run's metrics.jsonl is read for minutes.

#include "core/config/yaml.h"
#include "core/io/event_file.h"
#include "core/runs/step_metrics.h"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// Means of a validation, named "reconstruction/ssim", of raw weights beside an average "raw/reconstruction/ssim".
struct ValidationMeans {
    std::int64_t step = 0;
    EventFile::Scalars means;
};

/// Of a line of metrics.jsonl; empty for any that holds no validation.
std::optional<ValidationMeans> validationMeansFrom(const std::string& line);

/// What was measured at an interval, by the keys of intervalMetricTable().
struct IntervalValues {
    std::int64_t step = 0;
    EventFile::Scalars values;
};

/// A piece of a run's metrics.jsonl, in its order.
struct RunRecord {
    std::vector<StepMetrics> steps;
    std::vector<ValidationMeans> validations;
    std::vector<IntervalValues> measured = {};
    std::uint64_t end = 0; ///< The byte behind the last whole line that was read.
    bool complete = true;  ///< Nothing whole lies behind `end`.
};
/// Reads whole lines from byte `begin` on until about `bytes` of them are read. Lines that are none of ours are left
/// out.
RunRecord readRunRecord(const std::filesystem::path& runFolder, std::uint64_t begin, std::uint64_t bytes);
/// The validations alone, in their order, without reading what the steps say. Throws DataError where the record is
/// there and cannot be read to its end.
std::vector<ValidationMeans> readValidations(const std::filesystem::path& runFolder);

/// That a run was continued from a checkpoint.
struct Resumption {
    std::int64_t step = 0;                ///< Of the checkpoint.
    std::vector<FieldDifference> changed; ///< Settings that are not those of the checkpoint: the old value, the new.
};
/// From the run's history (core/runs/run_history.h), in the order in which they happened.
std::vector<Resumption> readResumptions(const std::filesystem::path& runFolder);

/// That the loss of a step was far above those before it.
struct LossJump {
    std::int64_t step = 0;
    std::string text;                 ///< A sentence, without samples.
    std::vector<std::string> samples; ///< Ids of the records that the step was made with.
    bool operator==(const LossJump&) const = default;
};
/// From the run's history, by step: those of steps that the run still has, so none that a later resumption went back
/// behind.
std::vector<LossJump> readLossJumps(const std::filesystem::path& runFolder);

} // namespace nanodit
