#pragma once

#include "core/io/tensor.h"

#include <filesystem>

namespace nanodit {

/// A model's tensors from wherever they lie: a checkpoint folder of ours (its current weights, or the averaged ones
/// where it holds only these), a .safetensors file, or a .pt file that holds a state dict, alone or under "model",
/// "state_dict", "module" or "ema". Nothing in a .pt file is executed. Throws DataError naming the file.
TensorMap readWeights(const std::filesystem::path& source);

} // namespace nanodit
