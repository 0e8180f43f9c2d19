#pragma once

/// metrics.jsonl: a line for every step of a run, one for every validation, and one for what is measured at intervals.

#include "core/io/event_file.h"
#include "core/io/growing_file.h"
#include "core/runs/run_record.h"
#include "core/runs/step_metrics.h"

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace nanodit {

nlohmann::ordered_json toJson(const StepMetrics& metrics);
/// The numbers of toJson, named "loss", "loss_by_t/0-0.25"..., without those that the step did not have.
EventFile::Scalars scalarsOf(const StepMetrics& metrics);
/// Empty for a line that is no whole metrics object (the last one of a run that was killed).
std::optional<StepMetrics> stepMetricsFromJson(const std::string& line);

/// A run's metrics.jsonl, one line a step and one a validation, flushed at once.
class MetricsFile {
public:
    /// Keeps what was written up to `lastStep`, which a checkpoint holds, and goes on behind it. Throws StoreError,
    /// also where what was written cannot be read; it is then as it was.
    MetricsFile(const std::filesystem::path& runFolder, std::int64_t lastStep);
    void append(const StepMetrics& metrics);
    /// Means of a validation, named "reconstruction/ssim", of raw weights beside an average "raw/reconstruction/ssim".
    void appendValidation(std::int64_t step, const EventFile::Scalars& means);
    /// Of intervalMetricTable(), by key; those that are not finite are left out.
    void appendMeasured(std::int64_t step, const EventFile::Scalars& values);
    bool hasValidation(std::int64_t step) const;
    /// Those that the file holds, in the order in which they were made.
    const std::vector<ValidationMeans>& validations() const { return validations_; }
    bool wasSkipped(std::int64_t step) const { return skipped_.count(step) != 0; }
    /// What was measured at intervals, by step and key.
    const std::map<std::int64_t, std::map<std::string, double>>& measured() const { return measured_; }

private:
    /// Notes what a line says of steps up to the last one. False for a line that is not kept.
    bool take(const std::string& line, std::int64_t lastStep);
    void append(const std::string& line);

    std::optional<GrowingFile> file_; ///< Once what is kept of it has been written.
    std::vector<ValidationMeans> validations_;
    std::set<std::int64_t> skipped_;
    std::map<std::int64_t, std::map<std::string, double>> measured_;
};
/// Every whole line of a run's metrics.jsonl that is a step, one after the other, holding none: a long run has
/// millions.
void forEachStep(const std::filesystem::path& runFolder, const std::function<void(const StepMetrics&)>& use);
/// All of them at once.
std::vector<StepMetrics> readMetrics(const std::filesystem::path& runFolder);

struct StepsSoFar {
    std::int64_t skipped = 0;
    std::optional<double> recentLoss; ///< Mean of the finite ones of the last hundred steps; empty without any.
};
/// Of the steps up to `last`, holding none of them: a long run has millions.
StepsSoFar stepsSoFar(const std::filesystem::path& runFolder, std::int64_t last);

} // namespace nanodit
