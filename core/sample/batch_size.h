#pragma once

#include "core/config/model_config.h"
#include "core/geometry/bucket.h"

#include <c10/core/Device.h>

#include <cstdint>

namespace nanodit {

/// How many pictures that differ in their noise alone are evaluated as one batch: 1 or more. `contextTokens`: what one
/// picture attends to. `memory`: of the device, in bytes; 0: not known.
std::int64_t picturesAtOnce(const ModelConfig& model, GridSize latentTokens, std::int64_t contextTokens,
                            at::Device device, std::int64_t memory);

/// The same for `count` pictures, of which none is left over for a small last batch: 11 of at most 4 at once are 4, 4
/// and 3, and 9 are 3, 3 and 3.
std::int64_t evenBatch(std::int64_t count, std::int64_t most);

} // namespace nanodit
