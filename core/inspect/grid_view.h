#pragma once

#include "core/inspect/feature_grid.h"

#include <ATen/ATen.h>

namespace nanodit {

/// The values of a grid as a tensor [rows * cols, D] that shares their memory.
inline at::Tensor viewOf(const FeatureGrid& features)
{
    return at::from_blob(const_cast<float*>(features.values.data()), {features.grid.count(), features.width},
                         at::kFloat);
}

} // namespace nanodit
