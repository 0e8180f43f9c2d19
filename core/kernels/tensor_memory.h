#pragma once

#include "core/kernels/head_attention.h" // Element

#include <ATen/ATen.h>

namespace nanodit {

/// Whether the kernels of plain memory take tensors of a type, or such a tensor.
inline bool isForKernels(at::ScalarType type)
{
    return type == at::kFloat || type == at::kBFloat16;
}
inline bool isForKernels(const at::Tensor& x)
{
    return x.is_cpu() && isForKernels(x.scalar_type());
}

/// What they are told of it.
inline Element elementOf(at::ScalarType type)
{
    return type == at::kBFloat16 ? Element::Bf16 : Element::Float;
}
inline Element elementOf(const at::Tensor& x)
{
    return elementOf(x.scalar_type());
}

/// Where the elements of a contiguous tensor lie from a number of them on.
inline void* elementsOf(const at::Tensor& x, std::int64_t first)
{
    return static_cast<char*>(x.data_ptr()) + first * x.element_size();
}

} // namespace nanodit
