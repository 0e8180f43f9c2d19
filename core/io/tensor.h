#pragma once

#include "core/io/array.h"

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <string>

namespace nanodit {

/// Named tensors, as in a state dict.
using TensorMap = std::map<std::string, at::Tensor>;

/// A tensor over the array's own memory (no copy; the tensor keeps the owner alive and must not be written to).
/// Throws DataError for types that not every LibTorch has (U16, U32, U64, F8).
at::Tensor tensorFromArray(const Array& array);
/// The same in float32 and in memory of its own, for what is used longer: others may change or shorten a mapped file.
at::Tensor floatCopyOf(const Array& array);
/// A contiguous CPU view of a tensor as an array (copies only when the tensor is not contiguous or not on the CPU).
Array arrayFromTensor(const at::Tensor& tensor);
/// The name of a tensor's element type, "int8". Throws DataError for types that no array has.
std::string dtypeName(const at::Tensor& tensor);

/// Every tensor of a .safetensors file, an index.json's shards, or a folder that holds either; mapped, not copied.
TensorMap readTensors(const std::filesystem::path& file);
/// Whole or not at all; `metadata` goes into the header.
void writeTensors(const std::filesystem::path& file, const TensorMap& tensors,
                  const std::map<std::string, std::string>& metadata = {});

} // namespace nanodit
