#pragma once

#include "core/golden/golden.h"
#include "core/io/tensor.h"

namespace nanodit {

/// Largest |ours - expected| against an absolute tolerance. NaN, another shape or an undefined tensor fails, with a
/// note.
GoldenLine compareTensors(const std::string& name, const at::Tensor& ours, const at::Tensor& expected,
                          double tolerance);

/// One line for each expected tensor: those that `ours` lacks fail.
std::vector<GoldenLine> compareAll(const TensorMap& ours, const TensorMap& expected,
                                   const std::function<double(const std::string& name)>& tolerance);

} // namespace nanodit
