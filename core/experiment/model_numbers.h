#pragma once

#include "core/config/workspace_config.h"
#include "core/experiment/experiment.h"
#include "core/runs/step_metrics.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"
#include "core/validate/bootstrap.h"

#include <map>

namespace nanodit {

/// What was measured of one model: by measure, by unit ("scene-000009", "steps 781 to 800").
struct ModelNumbers {
    std::string arm;
    std::int64_t seed = 0;
    std::map<std::string, std::map<std::string, double>> values;
};

/// From a model's validation report, its run's metrics and its attention.json. Throws DataError.
ModelNumbers readModelNumbers(const std::string& arm, std::int64_t seed, const std::filesystem::path& validation,
                              const std::filesystem::path& run, const std::filesystem::path& attention);

/// Looks at the first `records` of the validation split at several times and writes shares of attention on text, CLS
/// and patches, and the alignment, means over blocks, heads and latents. False when stopped.
bool measureModelAttention(const Workspace& workspace, const std::filesystem::path& checkpoint,
                           const std::vector<std::string>& records, const std::filesystem::path& file,
                           const ComputeChoice& device, const JobContext& context);

/// Of arms that have all seeds of 1 to `seeds`: numbers, differences of the pairs that answer something.
void compareArms(const std::vector<ModelNumbers>& models, ExperimentReport& report);

/// The courses of an arm's trainings, one of each seed: means over stretches of steps, samples counting alike. A
/// stretch without such a sample has no point.
std::vector<ArmCourse> coursesOf(const std::string& arm, const std::vector<std::vector<StepMetrics>>& trainings);

/// The percentile bootstrap's 95 % interval of a mean over seeds and units that are crossed: both are drawn with
/// replacement, each on its own (Owen 2007, "The pigeonhole bootstrap"). `bySeed`: as many units for each seed. Equal
/// input gives equal intervals on every machine.
Interval crossedInterval(const std::vector<std::vector<double>>& bySeed, int resamples = 2000);

} // namespace nanodit
