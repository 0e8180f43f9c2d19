#pragma once

#include "core/config/workspace_config.h"
#include "core/preprocess/preprocess_job.h"
#include "core/runtime/job.h"

#include <ATen/core/Tensor.h>

namespace nanodit {

/// What the workspace's passes round the factors of matrix products to, as data/precision.json has it; float32 where
/// nothing was decided. Throws DataError when the file is not as it should be.
bool productsInBf16(const Workspace& workspace);

/// Decides it: as asked, or, for Auto, by a measurement, unless it was decided before: another answer would make the
/// arrays of T5 and the ViT stale, and every program and machine that works on the workspace must give the same one.
void decidePrecision(const Workspace& workspace, PassPrecision wanted, at::Device device, const JobContext& context);

} // namespace nanodit
