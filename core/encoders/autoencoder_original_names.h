#pragma once

#include "core/io/tensor.h"

namespace nanodit {

/// Whether the names are those of the files that FLUX, SD3 and Stable Diffusion were published with (ae.safetensors,
/// "first_stage_model."): "encoder.down.0.block.0.conv1.weight".
bool hasOriginalAutoencoderNames(const TensorMap& tensors);

/// Their weights under diffusers' names, for an autoencoder of so many `levels` (resolutions). Tensors are views.
TensorMap fromOriginalAutoencoderNames(const TensorMap& tensors, std::int64_t levels);

} // namespace nanodit
