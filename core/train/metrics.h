#pragma once

#include "core/io/event_file.h"
#include "core/workbench.h"

#include <ATen/core/Tensor.h>
#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <fstream>
#include <set>

namespace nanodit {

struct Draws;

/// Gathers a step's metrics over its micro-batches.
class StepMeter {
public:
    StepMeter();
    /// perSample [B], velocity [B, C, H, W].
    void add(const Draws& draws, const at::Tensor& perSample, const at::Tensor& velocity);
    void waitedForData(double seconds) { dataWait_ += seconds; }
    /// All but step, gradient norms, lr and skipped.
    StepMetrics finish() const;

private:
    struct Mean {
        double sum = 0;
        std::int64_t count = 0;
        double value() const; ///< NaN without samples.
    };
    std::chrono::steady_clock::time_point start_;
    double dataWait_ = 0, squaredVelocity_ = 0;
    std::int64_t microBatches_ = 0, samples_ = 0;
    double lossSum_ = 0;
    std::array<Mean, 4> byQuarter_, byDrop_;
};

nlohmann::ordered_json toJson(const StepMetrics& metrics);
/// The numbers of toJson, named "loss", "loss_by_t/0-0.25"..., without those that the step did not have.
EventFile::Scalars scalarsOf(const StepMetrics& metrics);
/// Empty for a line that is no whole metrics object (the last one of a run that was killed).
std::optional<StepMetrics> stepMetricsFromJson(const std::string& line);

/// A run's metrics.jsonl, one line a step and one a validation, flushed at once.
class MetricsFile {
public:
    /// Keeps what was written up to `lastStep`, which a checkpoint holds, and goes on behind it. Throws StoreError.
    MetricsFile(const std::filesystem::path& runFolder, std::int64_t lastStep);
    void append(const StepMetrics& metrics);
    /// Means of a validation, named "reconstruction/ssim".
    void appendValidation(std::int64_t step, const EventFile::Scalars& means);
    bool hasValidation(std::int64_t step) const { return validated_.count(step) != 0; }

private:
    void append(const std::string& line);

    std::filesystem::path file_;
    std::ofstream stream_;
    std::set<std::int64_t> validated_;
};

} // namespace nanodit
