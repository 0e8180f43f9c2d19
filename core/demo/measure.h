#pragma once

#include "core/demo/train_encoders_job.h"
#include "core/runtime/job.h"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace nanodit {

/// The figures of the three encoders in `folder`, on scenes of a kind that they have not seen. Empty when stopped.
std::optional<DemoFigures> measureDemoEncoders(const std::filesystem::path& folder, const SceneKind& kind,
                                               std::uint64_t seed, std::int64_t scenes, const JobContext& context);

} // namespace nanodit
