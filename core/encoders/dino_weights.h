#pragma once

#include "core/io/tensor.h"

#include <string>

namespace nanodit {

/// The name by which DinoEncoder looks a tensor up (DINOv3's on disk: layer.N.attention.q_proj.weight), for any name
/// that transformers gives it: in files or in memory, bare or inside a larger model, DINOv3 or DINOv2.
std::string canonicalDinoName(const std::string& name);
TensorMap canonicalDinoNames(TensorMap tensors);

} // namespace nanodit
