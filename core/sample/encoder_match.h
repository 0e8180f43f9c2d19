#pragma once

#include "core/config/workspace_config.h"
#include "core/runtime/job.h"

#include <nlohmann/json_fwd.hpp>

#include <optional>

namespace nanodit {

/// Compares the workspace's encoders with those that a model's data were made with, `trained`: the "encoders" of
/// state.json, {"dino" | "t5" | "vae": {"fingerprint": hex}}. One sentence per encoder that differs, with what to do;
/// encoders that either side does not know are passed over. Weights whose fingerprint is not known yet are read once.
/// Empty optional when stopped. Throws DataError.
std::optional<std::vector<std::string>> differingEncoders(const Workspace& workspace, const nlohmann::json& trained,
                                                          const JobContext& context = {});

} // namespace nanodit
