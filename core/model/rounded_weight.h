#pragma once

#include <ATen/core/Tensor.h>

namespace nanodit {

/// A weight in the reduced type that products take; gradients reach the weight. Rounded once after each change of the
/// weight, however many forward passes follow, and recomputed pieces of them: the copy is kept as long as the weight
/// lives. Changes are seen by the weight's version, which operations of LibTorch raise; who writes into its memory by
/// other means calls markAsWritten(). Any thread; a weight that changes, in one thread at a time.
at::Tensor roundedWeight(const at::Tensor& weight, at::ScalarType type);

/// Gives back the copies of weights that are gone.
void forgetLostWeights();

/// Tells LibTorch that the memory of a tensor was written to.
void markAsWritten(const at::Tensor& tensor);

} // namespace nanodit
