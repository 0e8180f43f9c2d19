#pragma once

#include "core/io/tensor.h"

#include <map>
#include <string>

namespace nanodit {

/// Whether every LibTorch has the type: none has U16, U32, U64 and float8.
bool becomesTensor(DType type);

/// Tensors over the arrays' own memory, as tensorFromArray makes them. Throws DataError naming `source` and the tensor
/// for types that LibTorch lacks: such weights are quantised or packed.
TensorMap tensorsFromArrays(const std::map<std::string, Array>& arrays, const std::string& source);

} // namespace nanodit
