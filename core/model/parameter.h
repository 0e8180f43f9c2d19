#pragma once

#include "core/io/tensor.h"

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace nanodit {

/// One trainable tensor by its state-dict name ("blocks.0.mlp.fc1.weight"). Copies share the tensor.
struct Parameter {
    std::string name;
    at::Tensor value; ///< A leaf that requires a gradient.
};
/// A model's parameters in the order of its state dict.
using Parameters = std::vector<Parameter>;

std::int64_t elementCount(const Parameters& parameters);

/// Name of the first that holds something infinite or no number; empty when all are finite. A device is waited for
/// once.
std::string firstNotFinite(const Parameters& parameters);

/// The values by name; detached, sharing memory.
TensorMap stateOf(const Parameters& parameters);
/// Copies values in. Throws DataError naming `source` and the first tensor that is missing, unknown or of another
/// shape.
void loadState(const Parameters& parameters, const TensorMap& state, const std::string& source);

/// Gradients become zeros; those that do not exist yet are made, so that an unused parameter is stepped as one of zero
/// gradient, as in a run that never stopped.
void zeroGradients(const Parameters& parameters);

} // namespace nanodit
