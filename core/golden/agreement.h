#pragma once

#include <ATen/core/Tensor.h>

namespace nanodit {

/// How products of matrices are computed: TensorFloat-32 rounds their factors to ten bits, on GPUs only.
enum class Products { Float32, Tf32, Bf16 };

/// How far a result that was computed elsewhere or otherwise may be from the CPU's in float32: a bound of
/// relativeDifference(). In float32 orders of summation differ; bf16 has three significant digits, of which a gradient
/// through a few layers loses one.
double relativeTolerance(Products products);

/// |ours - reference| / |reference|, both as one long vector: single elements of a gradient in bf16 differ by half of
/// themselves where nothing is wrong. NaN for other shapes.
double relativeDifference(const at::Tensor& ours, const at::Tensor& reference);

} // namespace nanodit
