#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/pass.h"
#include "core/dataset/reject.h"
#include "core/runtime/job.h"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace nanodit {

struct VerifyRequest {
    Workspace workspace;
    /// Move misaligned patches to data/derived/dinov3_patches_misaligned, so that the next dinov3 pass makes them
    /// again.
    bool repair = false;
    std::function<void(const struct VerifyReport&)> finished = [](const auto&) {};
};
struct VerifyPassCounts {
    ArrayKind array = ArrayKind::T5;
    std::int64_t whole = 0, missing = 0, stale = 0, misaligned = 0, wrongShape = 0, nonfinite = 0, unreadable = 0;
    std::int64_t adopted = 0; ///< Of those that are whole: made elsewhere, without provenance.
};
struct VerifyReport {
    std::int64_t records = 0;
    std::array<VerifyPassCounts, 4> arrays;
    std::vector<Reject> problems; ///< Record or file, and a sentence.
    std::vector<Reject> adopted;  ///< Records of which this verification adopted arrays, and their names.
    std::int64_t movedAside = 0;  ///< Misaligned files that `repair` moved; their problems tell where to.
    bool sound() const { return problems.empty(); }
};
std::unique_ptr<Job> makeVerifyJob(VerifyRequest request);

} // namespace nanodit
