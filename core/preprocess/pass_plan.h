#pragma once

#include "core/preprocess/memory_plan.h"
#include "core/preprocess/survey.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nanodit {

/// What a pass has to do.
struct PassPlan {
    struct Task {
        Record record;
        /// Files in the way that no pass wrote: array and folder to move them to.
        std::vector<std::pair<ArrayKind, std::string>> moveAside;
    };
    std::vector<Task> tasks;
    /// Indices of tasks that are encoded as one, in the order in which they are.
    std::vector<std::vector<std::size_t>> batches;
    EncoderFingerprints fingerprints;
    MemoryPlan memory;
    std::int64_t whole = 0; ///< Records with nothing to do, adopted ones among them.
    std::int64_t adopted = 0;
};

/// Looks at every record. Arrays that are whole by their heads but of unknown origin, or in files that were replaced
/// since they were written, are read: when they are finite they are adopted, or known again. `memory`: megabytes, as
/// planMemory has them. Empty when stopped.
std::optional<PassPlan> planPass(Pass pass, const Workspace& workspace, Catalog& catalog, const PassEncoders& encoders,
                                 const JobContext& context, std::int64_t memory);

/// planMemory for the buckets of a workspace.
MemoryPlan planMemoryOf(Pass pass, const Workspace& workspace, const PassEncoders& encoders, std::int64_t memory);

/// What batches are cut by, and rates kept by: the bucket's name, or "" for t5.
std::string bucketKey(Pass pass, const Record& record);

/// Enters a file into the catalog that was read and found good, so that it need not be read again: an array that was
/// made elsewhere is adopted, one whose file was replaced keeps its provenance. Does nothing for others.
void enterRead(Catalog& catalog, const Record& record, ArrayKind kind, const ArrayJudgement& judgement,
               const ArrayInputs& inputs);

} // namespace nanodit
