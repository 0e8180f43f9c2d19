#pragma once

/// What the front says of captions that a program of the user's writes: caption_command of workspace.yaml.

#include "core/config/workspace_config.h"
#include "core/dataset/reject.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace nanodit {

struct CaptionRequest {
    Workspace workspace;
    /// These records, whatever caption they have; empty: all that are not excluded and have none.
    std::vector<std::string> ids = {};
    /// With no ids: also those that have one, unless the same command has written it for the same picture. So a job
    /// that was stopped goes on.
    bool overwrite = false;
    std::function<void(const Reject&)> onFailure = [](const auto&) {}; ///< At once; the report has it again.
    std::function<void(const struct CaptionReport&)> finished = [](const auto&) {};
};
struct CaptionReport {
    std::int64_t made = 0;        ///< Captions that are others now.
    std::int64_t same = 0;        ///< The command gave what was there.
    std::int64_t had = 0;         ///< Records that needed none.
    std::vector<Reject> failures; ///< Record and reason.
};
/// Runs the command once a record, one after the other; what it prints becomes the caption, as setCaption would set it,
/// at once. A record that fails is listed and ends nothing. Stopping kills the command with all that it started. run()
/// throws ConfigError when there is no command, DataError when it cannot be started.
std::unique_ptr<Job> makeCaptionJob(CaptionRequest request);

} // namespace nanodit
