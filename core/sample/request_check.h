#pragma once

#include "core/runs/checkpoint.h"
#include "core/sample/sample_request.h"

namespace nanodit {

/// Throws UsageError unless a picture can be painted so: requests come from PNG files too, which may say anything.
/// `unit`: pixels that a token of the model covers along each side.
void checkRequest(const SampleRequest& request, std::int64_t unit);

/// Throws UsageError for a weak guide that was trained on other latents or conditions than the model. Encoders that
/// either of them does not know are passed over.
void checkWeakGuide(const std::filesystem::path& guide, const CheckpointState& theirs, const CheckpointState& ours);

} // namespace nanodit
