#pragma once

#include "core/dataset/catalog.h"
#include "core/preprocess/pass_encoders.h"
#include "core/runtime/job.h"
#include "core/workbench.h"

namespace nanodit {

struct PassOutcome {
    JobEnd end = JobEnd::Finished;
    PassReport report;
};

/// Runs one pass over a workspace: makes the arrays that are missing, stale or wrong, and repeats nothing that is
/// whole. Pictures are read and brought to their bucket on threads of their own while the encoder works. A record that
/// cannot be made is a failure with its reason, and ends nothing. Files of unknown origin are adopted when they are
/// good, else moved aside, never deleted.
///
/// Interrupted at any instant and run again, it leaves the same bytes as an uninterrupted run: batches are encoded in a
/// fixed order, and each is recorded as a whole.
///
/// Throws DataError when the encoder cannot be used, StoreError when a result cannot be written.
PassOutcome runPass(Pass pass, const Workspace& workspace, Catalog& catalog, const PassEncoders& encoders,
                    const JobContext& context);

} // namespace nanodit
