#pragma once

#include "core/config/workspace_config.h"
#include "core/runtime/compute_choice.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace nanodit {

/// The result of running a step again.
struct ReplayReport {
    struct Sample {
        std::string id;
        double time = 0; ///< t
        double loss = 0;
    };
    struct MicroBatch {
        std::vector<Sample> samples;
        std::vector<std::string> inputs; ///< Of "latent", "text", "cls", "patches", those with something not finite.
        std::string output;              ///< First part of the model whose output is not finite; empty for none.
        std::string gradient; ///< Part at whose output the gradient is the first not to be finite, from the loss on.
        bool sound() const;
    };
    std::string runName;
    std::int64_t step = 0;
    std::filesystem::path checkpoint = {}; ///< It began with these weights...
    std::int64_t stepsBefore = 0;          ///< ...and made so many steps again to come to that one.
    std::vector<MicroBatch> microBatches = {};
    bool sound() const;
};

struct ReplayRequest {
    Workspace workspace;
    std::string runName;
    std::optional<std::int64_t> step = {}; ///< As metrics.jsonl counts; empty: the last one that was not finite.
    ComputeChoice device = {};
    std::function<void(const ReplayReport&)> finished = [](const auto&) {};
};

/// Runs a non-finite step of a run again and inspects each part of the model. Nothing of the run changes.
std::unique_ptr<Job> makeReplayJob(ReplayRequest request);

} // namespace nanodit
