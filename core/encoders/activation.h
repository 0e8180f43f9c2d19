#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace nanodit {

using Activation = at::Tensor (*)(const at::Tensor&);

/// The activation of this name in transformers' ACT2FN (activations.py): "gelu", "gelu_new", "silu", "relu"...
/// Throws DataError naming `source` and the known ones for any other.
Activation activationByName(const std::string& name, const std::string& source);

} // namespace nanodit
