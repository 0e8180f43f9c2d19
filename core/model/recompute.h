#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace nanodit {

/// A piece of a model: tensors in, one tensor out. Parameters that it uses beside its inputs get their gradients too.
using TensorFunction = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/// body(inputs), keeping only the inputs for the backward pass, which runs the body again (Chen et al. 2016). Autocast
/// and the order of sums (FixedOrderScope) are as they were in the first run. At least one input must require a
/// gradient; the body must not draw random numbers.
at::Tensor recomputed(const TensorFunction& body, const std::vector<at::Tensor>& inputs);

} // namespace nanodit
