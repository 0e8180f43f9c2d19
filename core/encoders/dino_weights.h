#pragma once

#include "core/encoders/dino.h"
#include "core/io/tensor.h"

#include <string>

namespace nanodit {

/// The name by which DinoEncoder looks a tensor up (DINOv3's on disk: layer.N.attention.q_proj.weight), for any name
/// that transformers gives it: in files or in memory, bare or inside a larger model, DINOv3 or DINOv2.
std::string canonicalDinoName(const std::string& name);
/// All of them, and those of files that do not come from transformers, too (see below).
TensorMap canonicalDinoNames(TensorMap tensors, const DinoConfig& config);

/// Whether the names are those of facebookresearch/dinov2, facebookresearch/dinov3 or timm, bare or inside another
/// model.
bool hasOriginalDinoNames(const TensorMap& tensors);
/// Their weights under the names above. q, k and v become views of the one matrix that these files hold; what timm
/// folds together or leaves out because it is zero is given back.
TensorMap fromOriginalDinoNames(TensorMap tensors, const DinoConfig& config);

} // namespace nanodit
