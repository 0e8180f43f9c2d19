#pragma once

#include "core/config/workspace_config.h"
#include "core/dataset/catalog.h"
#include "core/dataset/pass.h"
#include "core/preprocess/pass_encoders.h"
#include "core/preprocess/preprocess_job.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <optional>
#include <string>

namespace nanodit {

struct PassOutcome {
    JobEnd end = JobEnd::Finished;
    PassReport report;
    PassMemory memory;
    std::string tooMany; ///< Why the pass ended before its end, with more failures than it was allowed; or "".
};

/// Runs one pass over a workspace: makes the arrays that are missing, stale or wrong, and repeats nothing that is
/// whole. While the encoder works, pictures are read and brought to their bucket ahead of it, and what it made is
/// written behind it, within the memory that is allowed. A record that cannot be made is a failure with its reason, and
/// ends nothing. Files of unknown origin are adopted when they are good, else moved aside, never deleted.
///
/// Interrupted at any instant and run again, it leaves the same bytes as an uninterrupted run: batches are encoded in a
/// fixed order, and each is recorded as a whole.
///
/// Throws DataError when the encoder cannot be used, StoreError when a result cannot be written.
PassOutcome runPass(Pass pass, const Workspace& workspace, Catalog& catalog, const PassEncoders& encoders,
                    const JobContext& context, const PassLimits& limits = {});

} // namespace nanodit
