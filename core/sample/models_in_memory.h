#pragma once

#include "core/runtime/shared_values.h"

namespace nanodit {

/// What openModel() and its like (core/sample/shared_models.h) hold of checkpoints and encoders, on all devices.
SharedValues::Held modelsInMemory();
/// Frees what nobody uses, and the rest once nobody uses it any more; for when the workspace is left. Any thread.
void giveBackModels();

} // namespace nanodit
