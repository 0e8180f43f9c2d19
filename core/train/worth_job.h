#pragma once

#include "core/config/workspace_config.h"
#include "core/runs/condition_worth.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace nanodit {

/// Measures what conditions are worth to a checkpoint, as its own training would, and keeps that in the run's folder,
/// where the checkpoint is in one.
struct WorthRequest {
    Workspace workspace;
    std::filesystem::path checkpoint; ///< A checkpoint folder, or one of its files of weights.
    std::int64_t ofValidation = 1000; ///< Pictures of the validation split at most.
    std::int64_t ofTraining = 64;     ///< Pictures of the set that it was trained on.
    ComputeChoice device;
    std::function<void(const ConditionWorth&)> finished = [](const auto&) {};
};
/// Throws DataError when there is nothing to measure.
std::unique_ptr<Job> makeWorthJob(WorthRequest request);

} // namespace nanodit
