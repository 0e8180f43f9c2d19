#pragma once

#include "core/doctor/facts.h"
#include "core/runtime/job.h"

#include <filesystem>
#include <vector>

namespace nanodit {

/// Computes small things on the device and compares them with what they should be: golden cases of the upstream
/// libraries; a training step and a sample of a small model in float32 and bf16, and the demo's encoders, against
/// float32 on the CPU. `resources`: the folder with "golden" and "demo"; `device`: one that is there. Stops early when
/// the context says so. Never throws for what fails to compute: that is a proof that failed.
std::vector<ProofFacts> gatherProofs(const std::filesystem::path& resources, const ComputeChoice& device,
                                     const JobContext& context);

} // namespace nanodit
