#pragma once

#include "app/dataset_jobs.h"
#include "app/looking.h"
#include "app/sampling.h"
#include "app/training.h"
#include "app/validating.h"
#include "app/workspace_settings.h"

namespace nanodit {

/// The controllers of a session, beside it: each runs one kind of work on what the session holds, and none knows
/// another. The window hands each page those that it uses. They go before the session does.
struct Controllers {
    explicit Controllers(Session& session);
    /// Ends the jobs first: their reports go to the controllers.
    ~Controllers();
    Controllers(const Controllers&) = delete;
    Controllers& operator=(const Controllers&) = delete;

    WorkspaceSettings settings;
    DatasetJobs datasetJobs;
    Training training;
    Looking looking;
    Looking comparison; ///< For a second checkpoint beside the first.
    Sampling sampling;
    Validating validating;

private:
    Session& session_;
};

} // namespace nanodit
